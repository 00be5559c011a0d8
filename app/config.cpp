// SPDX-License-Identifier: MIT
#include "app/config.hpp"

#include "actors/status/http/host_check.hpp"
#include "app/option_spec.hpp"
#include "messages/network_names.hpp"

#include <algorithm>
#include <cstdlib>

namespace peerage {

namespace {

constexpr std::size_t max_swarm = 2'000;
constexpr std::size_t max_peers = 10'000;

// -- values -----------------------------------------------------------------------------

std::size_t read_count(const std::string& text, std::size_t high) {
  return read_number<std::size_t>(text, 0, high,
                                  "a whole number from 0 to " + std::to_string(high));
}

/// The error for a text that is no address: its zone may be to blame.
option_error unreadable(const std::string& text, std::string what_it_must_be) {
  auto zone = zone_problem(text);
  return {zone.empty() ? std::move(what_it_must_be) : std::move(zone)};
}

endpoint read_listening(const std::string& text) {
  endpoint result;
  if (parse_endpoint(text, 0, result))
    return result;
  if (host_name name; parse_host_name(text, 1, name))
    throw option_error{"is a host name: listening needs an IP address of this machine, "
                       "like 127.0.0.1:8333, 0.0.0.0:8333 or [::]:8333"};
  throw unreadable(text, "must be ADDR:PORT with an IP address, like 192.0.2.1:8333 or "
                         "[2001:db8::1]:8333");
}

/// A peer to dial, as a person names it.
added_peers::entry read_peer(const std::string& text) {
  added_peers::entry result{text, std::nullopt, false};
  endpoint remote;
  host_name name;
  if (parse_endpoint(text, 0, remote) && remote.port == 0)
    throw option_error{"port 0 cannot be dialed"};
  if (parse_endpoint(text, 0, remote))
    result.remote = remote;
  else if (parse_host_name(text, 0, name))
    result.name = name;
  else
    throw unreadable(text, "must be ADDR:PORT or HOST:PORT, like 192.0.2.1:8333, "
                           "[2001:db8::1]:8333 or node.example.com:8333");
  return result;
}

std::string read_choice(const std::string& text,
                        const std::vector<std::string>& choices) {
  std::string all;
  for (const auto& choice : choices) {
    if (choice == text)
      return text;
    all += (all.empty() ? "" : ", ") + choice;
  }
  throw option_error{"must be one of " + all};
}

// -- the options ------------------------------------------------------------------------

constexpr auto group_peers = "Which peers";
constexpr auto group_limits = "How many";
constexpr auto group_timing = "Deadlines, in seconds (fractions allowed)";
constexpr auto group_node = "The node itself";

/// An option that sets a deadline or a pace.
option_spec timing_option(const char* name, caf::timespan peer_timing::*member,
                          double longest, const std::string& help) {
  auto standard = std::chrono::duration<double>(peer_timing{}.*member).count();
  return {name,
          "SECONDS",
          group_timing,
          help + " (default " + number_text(standard) + ")",
          false,
          [member, longest](run_options& to, const std::string& text) {
            to.timing.*member = read_seconds(text, longest);
          },
          number_text(standard)};
}

option_spec count_option(const char* name, std::size_t run_options::*member,
                         const std::string& help) {
  return {name,
          "N",
          group_limits,
          help + " (default " + std::to_string(run_options{}.*member) + ")",
          false,
          [member](run_options& to, const std::string& text) {
            to.*member = read_count(text, max_peers);
          },
          std::to_string(run_options{}.*member)};
}

void set_listen(run_options& to, const std::string& text) {
  auto& list = to.listen ? *to.listen : to.listen.emplace();
  if (text == "none")
    return; // mixing it with addresses is found out at the end
  list.push_back(read_listening(text));
}

void set_connect(run_options& to, const std::string& text) {
  const auto peer = read_peer(text);
  if (peer.name)
    to.connect_names.push_back(*peer.name);
  else
    to.connect.push_back(*peer.remote);
}

void set_shared_address(run_options& to, const std::string& text) {
  subnet range;
  if (!parse_subnet(text, range))
    throw unreadable(text,
                     "must be an IP address or a range, like 192.0.2.1 or 192.0.2.0/24");
  to.shared_addresses.push_back(range);
}

void set_status(run_options& to, const std::string& text) {
  status_address at;
  std::string error;
  if (!parse_status_address(text, at, error))
    throw option_error{error};
  to.status.push_back(std::move(at));
}

void set_metrics(run_options& to, const std::string& text) {
  to.metrics.push_back({read_listening(text), {}});
}

void set_allowed_host(run_options& to, const std::string& text) {
  if (!is_host_name(text))
    throw option_error{"must be the name of a host, without a port"};
  to.allowed_hosts.push_back(text);
}

void set_log_file(run_options& to, const std::string& text) {
  if (text.empty())
    throw option_error{"must be the path of a file"};
  to.log_file = text;
}

std::vector<option_spec> make_options() {
  using text = const std::string&;
  return {
    {"network", "NAME", group_peers,
     "main, testnet, testnet4, signet or regtest (default main)", false,
     [](run_options& to, text x) {
       read_choice(x, {"main", "testnet", "testnet4", "signet", "regtest"});
       to.network = wire::find_network(x);
     },
     "main"},
    {"listen", "ADDR:PORT", group_peers,
     "Accept peers there; may be repeated; port 0: any free\nport; none: nowhere "
     "(default the network's usual port,\non loopback only for regtest; nowhere with "
     "--connect)",
     true, set_listen},
    {"connect", "PEER", group_peers,
     "Stay connected to this ADDR:PORT or HOST:PORT, and dial\nno others but those that "
     "were added with addnode; may be\nrepeated",
     true, set_connect},
    {"add-peer", "PEER", group_peers,
     "Stay connected to this ADDR:PORT or HOST:PORT too; may\nbe repeated", true,
     [](run_options& to, text x) { to.add_peers.push_back(read_peer(x)); }},
    {"only-net", "NET", group_peers,
     "Look for peers only there: ipv4 or ipv6; may be repeated.\nPeers that dial us, or "
     "are named, are of any network",
     true,
     [](run_options& to, text x) {
       to.only_networks.push_back(network_id(read_choice(x, {"ipv4", "ipv6"})));
     }},
    {"shared-address", "ADDR[/LENGTH]", group_peers,
     "An address of many peers, as of a proxy or a gateway:\nmisbehaviour ends only the "
     "peer itself, without a ban;\nmay be repeated (loopback always is one)",
     true, set_shared_address},
    {"allow-public", "", group_peers,
     "Regtest only: dial and tell of public addresses, too; else\na regtest node stays "
     "on "
     "loopback and private networks",
     false,
     [](run_options& to, text x) {
       to.allow_public = read_choice(x, {"true", "false"}) == "true";
     }},
    {"no-dns-seeds", "", group_peers, "Ask no DNS seeds for addresses", false,
     [](run_options& to, text x) {
       to.dns_seeds = read_choice(x, {"true", "false"}) != "true";
     }},
    {"swarm", "N", group_peers,
     "Regtest only: also start N peers on loopback in this\nprocess, with a small "
     "generated "
     "chain, and connect to them",
     false, [](run_options& to, text x) { to.swarm = read_count(x, max_swarm); }, "0"},

    {"max-outbound", "N", group_limits,
     "Peers that we dial (default 25, or as many as --swarm needs)", false,
     [](run_options& to, text x) { to.max_outbound = read_count(x, max_peers); }},
    count_option("max-inbound", &run_options::max_inbound, "Peers that dial us"),
    count_option("max-per-ip", &run_options::max_per_ip,
                 "Inbound peers of one address; loopback is\nexempt on regtest"),
    count_option("max-per-subnet", &run_options::max_per_subnet,
                 "Peers of one /24 of IPv4 or /64 of IPv6;\nloopback is exempt on "
                 "regtest, manual peers always"),

    timing_option("connect-timeout", &peer_timing::connect_timeout, 3600,
                  "To open TCP to a peer"),
    timing_option("handshake-timeout", &peer_timing::handshake_timeout, 3600,
                  "From the open connection to the end of the handshake"),
    timing_option("request-timeout", &peer_timing::request_timeout, 3600,
                  "For a request without a deadline of its own"),
    timing_option("ping-interval", &peer_timing::ping_interval, 86400,
                  "Between pings to a peer"),
    {"save-interval", "SECONDS", group_timing,
     "Between saves of changes (default " +
       number_text(
         std::chrono::duration<double>(peer_manager_options{}.save_every).count()) +
       "); changes by people (bans,\nadded peers and addresses) are saved at once",
     false, [](run_options& to, text x) { to.save_every = read_seconds(x, 3600); },
     number_text(
       std::chrono::duration<double>(peer_manager_options{}.save_every).count())},

    {"data-dir", "DIR", group_node,
     "Where state is kept, in DIR/<network> (main: in DIR itself,\ntestnet: in "
     "DIR/testnet3; default ~/.peerage, or what a\nservice of systemd has as "
     "StateDirectory)",
     false,
     [](run_options& to, text x) {
       if (x.empty())
         throw option_error{"must be a directory"};
       to.data_dir = x;
     }},
    {"status", "ADDRESS", group_node,
     "Serve status as JSON over HTTP on ADDR:PORT (loopback only,\nport 0 is any free "
     "port) "
     "or unix:PATH; may be repeated\n(default nowhere)",
     true, set_status},
    {"metrics", "ADDR:PORT", group_node,
     "Serve /metrics, /health/live and /health/ready over HTTP\nthere, on any address, "
     "to "
     "anybody, and nothing else;\nmay be repeated (default nowhere)",
     true, set_metrics},
    {"allow-host", "NAME", group_node,
     "Also answer HTTP requests that call this machine NAME,\nas in a container network; "
     "may be repeated",
     true, set_allowed_host},
    {"stop-at-eof", "", group_node,
     "Stop in order when standard input ends: when the process\nat the other end of the "
     "pipe is gone, however it ended",
     false,
     [](run_options& to, text x) {
       to.stop_at_eof = read_choice(x, {"true", "false"}) == "true";
     }},
    {"seed", "N", group_node,
     "Draw all random numbers from this seed, so that a test\nrepeats. Never on a real "
     "network: others could guess them",
     false,
     [](run_options& to, text x) {
       // As large as a whole number of TOML.
       to.seed =
         read_number<std::uint64_t>(x, 0, INT64_MAX, "a whole number from 0 to 2^63 - 1");
     }},
    {"log-level", "LEVEL", group_node,
     "trace (with every message of every peer), debug, info,\nwarning or error (default "
     "info)",
     false,
     [](run_options& to, text x) {
       to.log_level = read_choice(x, {"trace", "debug", "info", "warning", "error"});
     },
     "info"},
    {"log-file", "PATH", group_node,
     "Log there instead of on stderr: a file, to which lines are\nadded, or a named "
     "pipe. "
     "SIGHUP opens it again",
     false, set_log_file},
    {"log-format", "FORMAT", group_node,
     "text, json, or journal: that of systemd, with fields\n(default text; journal if "
     "stderr leads there)",
     false,
     [](run_options& to, text x) {
       const auto name = read_choice(x, {"text", "json", "journal"});
       to.logs = name == "json"      ? log_format::json
                 : name == "journal" ? log_format::journal
                                     : log_format::text;
     }},
  };
}

} // namespace

bool connects_only(const run_options& x) {
  return !x.connect.empty() || !x.connect_names.empty();
}

dial_reach reach_of(const run_options& x) {
  return x.network->id == wire::network::regtest && !x.allow_public
           ? dial_reach::home
           : dial_reach::everywhere;
}

namespace {

/// What is wrong with a peer that the node would not dial; empty: nothing.
std::string out_of_reach(const run_options& x) {
  auto problem_of = [&](const char* option, const endpoint& remote) {
    const auto problem = reach_problem(reach_of(x), remote);
    return problem.empty()
             ? std::string()
             : named(option, to_string(remote)) + ": " + std::string(problem);
  };
  for (const auto& remote : x.connect)
    if (auto problem = problem_of("connect", remote); !problem.empty())
      return problem;
  for (const auto& peer : x.add_peers)
    if (peer.remote)
      if (auto problem = problem_of("add-peer", *peer.remote); !problem.empty())
        return problem;
  return {};
}

} // namespace

std::string check_together(run_options& x) {
  if (x.logs == log_format::journal && !x.log_file.empty())
    return "--log-file: is not for --log-format journal, which goes to systemd's journal";
  if (!x.network)
    x.network = &wire::parameters(wire::network::main);
  if (x.swarm > 0 && x.network->id != wire::network::regtest)
    return named("swarm", std::to_string(x.swarm)) +
           ": only for --network regtest, not " + std::string(x.network->name);
  if (x.allow_public && x.network->id != wire::network::regtest)
    return "--allow-public: only for --network regtest: a node of " +
           std::string(x.network->name) + " is public";
  if (auto problem = out_of_reach(x); !problem.empty())
    return problem;
  if (x.data_dir.empty())
    x.data_dir = standard_data_dir();
  return x.data_dir.empty() ? "--data-dir is needed, because HOME is not set" : "";
}

std::filesystem::path standard_data_dir() {
  // Of systemd, if the unit has StateDirectory=; a list begins with the first.
  if (const auto* given = std::getenv("STATE_DIRECTORY"); given && *given == '/') {
    const std::string_view all{given};
    return all.substr(0, all.find(':'));
  }
  const auto* home = std::getenv("HOME");
  return home && *home ? std::filesystem::path(home) / ".peerage"
                       : std::filesystem::path();
}

const std::vector<option_spec>& all_options() {
  static const auto result = make_options();
  return result;
}

const char* const group_of_node_options = group_node;

const char* const run_footer = R"(
Durations have to be from 0.05 s to an hour (--ping-interval: a day). If an
option that can be given only once is repeated, the last one counts.

Every option may also stand in a TOML file (--config), or in the environment as
PEERAGE_..., like PEERAGE_MAX_INBOUND=30 or PEERAGE_CONFIG=node.toml; commas
separate the values of an option that may be repeated. The command line wins
over the environment, which wins over the file. peerage config show tells what
is in force, and why; peerage config check FILE tells all mistakes in a file.

When everything listens, one line of JSON goes to stdout:
  {"event":"ready","version":"...","network":"...","p2p":[...],"status":[...],
   "metrics":[...],"pid":...}
Logs go to stderr; of lines that strangers repeat, ten a second are written and
the others merged with a count. SIGHUP opens --log-file again and sets the log
level by the configuration file. SIGTERM or Ctrl-C ends it in order (exit 0,
within 5 s); a second Ctrl-C ends it at once (exit 130). Exit 1: it could not
save what had changed, could not stop in time, or failed by itself; a line says
which. Exit 2: it could not start as asked to.

Examples
  A regtest node that a test can dial, with status:
    peerage run --network regtest --data-dir /tmp/node --status 127.0.0.1:8645
    curl -s http://127.0.0.1:8645/status
  Two peers of your own on the main network, and no others:
    peerage run --connect 192.0.2.1:8333 --connect '[2001:db8::1]:8333'
  See it at work, with 24 peers in the same process:
    peerage run --network regtest --swarm 24 --status unix:/tmp/peerage.sock
    curl -s --unix-socket /tmp/peerage.sock http://localhost/peers
  One that ends with the bash script which starts it, even if that is killed:
    coproc peerage run --network regtest --data-dir /tmp/node --stop-at-eof
    read -r ready <&"${COPROC[0]}"
  The same from a file:
    peerage run --config node.toml
      network = "regtest"
      listen = ["127.0.0.1:18444", "[::1]:18444"]
      ping-interval = 2.5
)";

} // namespace peerage
