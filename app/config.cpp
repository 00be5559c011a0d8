// SPDX-License-Identifier: MIT
#include "app/config.hpp"

#include "actors/status/http/host_check.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <sstream>

namespace peerage {

namespace {

/// A larger file is no configuration.
constexpr std::size_t max_config_bytes = 1 << 20;

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

endpoint read_endpoint(const std::string& text, bool any_port) {
  endpoint result;
  if (!parse_endpoint(text, 0, result))
    throw unreadable(text, "must be ADDR:PORT with an IP address, like 192.0.2.1:8333 or "
                           "[2001:db8::1]:8333");
  if (result.port == 0 && !any_port)
    throw option_error{"port 0 cannot be dialed"};
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

/// One option, the same on the command line and in the file.
struct option_spec {
  const char* name;
  const char* value; ///< Its name in the help; "" for a flag.
  const char* group;
  std::string help;
  bool repeatable = false;
  /// Takes one value; throws `option_error`.
  std::function<void(run_options&, const std::string&)> set;
};

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
          }};
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
          }};
}

void set_listen(run_options& to, const std::string& text) {
  auto& list = to.listen ? *to.listen : to.listen.emplace();
  if (text == "none")
    return; // mixing it with addresses is found out at the end
  list.push_back(read_endpoint(text, true));
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
  to.metrics.push_back({read_endpoint(text, true), {}});
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

/// Options with a new name. The old one still works, in both places, with a warning.
struct renamed_option {
  const char* before;
  const char* now;
};
constexpr std::array renamed_options{
  renamed_option{"max-per-neighbourhood", "max-per-subnet"},
};

std::vector<option_spec> all_options() {
  using text = const std::string&;
  return {
    {"network", "NAME", group_peers,
     "main, testnet, testnet4, signet or regtest (default main)", false,
     [](run_options& to, text x) {
       read_choice(x, {"main", "testnet", "testnet4", "signet", "regtest"});
       to.network = wire::find_network(x);
     }},
    {"listen", "ADDR:PORT", group_peers,
     "Accept peers there; may be repeated; port 0: any free\nport; none: nowhere "
     "(default the network's usual port,\non loopback only for regtest; nowhere with "
     "--connect)",
     true, set_listen},
    {"connect", "ADDR:PORT", group_peers,
     "Stay connected to this peer, and dial no others but\nthose that were added with "
     "addnode; may be repeated",
     true,
     [](run_options& to, text x) { to.connect.push_back(read_endpoint(x, false)); }},
    {"add-peer", "ADDR:PORT", group_peers,
     "Stay connected to this peer too; may be repeated", true,
     [](run_options& to, text x) {
       to.add_peers.push_back({x, read_endpoint(x, false), false});
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
     false, [](run_options& to, text x) { to.swarm = read_count(x, max_swarm); }},

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
     false, [](run_options& to, text x) { to.save_every = read_seconds(x, 3600); }},

    {"data-dir", "DIR", group_node,
     "Where state is kept, in DIR/<network> (main: in DIR itself,\ntestnet: in "
     "DIR/testnet3; default ~/.peerage)",
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
    {"stop-at-eof", "", group_node,
     "Stop in order when standard input ends: when the process\nat the other end of the "
     "pipe is gone, however it ended",
     false,
     [](run_options& to, text x) {
       to.stop_at_eof = read_choice(x, {"true", "false"}) == "true";
     }},
    {"metrics", "ADDR:PORT", group_node,
     "Serve /metrics, /health/live and /health/ready over HTTP\nthere, on any address, "
     "to "
     "anybody, and nothing else;\nmay be repeated (default nowhere)",
     true, set_metrics},
    {"allow-host", "NAME", group_node,
     "Also answer HTTP requests that call this machine NAME,\nas in a container network; "
     "may be repeated",
     true, set_allowed_host},
    {"seed", "N", group_node,
     "Draw all random numbers from this seed, so that a test\nrepeats. Never on a real "
     "network: others could guess them",
     false,
     [](run_options& to, text x) {
       to.seed = read_number<std::uint64_t>(x, 0, UINT64_MAX,
                                            "a whole number from 0 to 2^64 - 1");
     }},
    {"log-level", "LEVEL", group_node,
     "trace (with every message of every peer), debug, info,\nwarning or error (default "
     "info)",
     false,
     [](run_options& to, text x) {
       to.log_level = read_choice(x, {"trace", "debug", "info", "warning", "error"});
     }},
    {"log-file", "PATH", group_node,
     "Log there instead of on stderr: a file, to which lines are\nadded, or a named "
     "pipe. "
     "SIGHUP opens it again",
     false, set_log_file},
    {"log-format", "FORMAT", group_node, "text or json (default text)", false,
     [](run_options& to, text x) {
       to.logs =
         read_choice(x, {"text", "json"}) == "json" ? log_format::json : log_format::text;
     }},
  };
}

// -- the file ---------------------------------------------------------------------------

using given_values = run_arguments::given_values;

early_exit mistake(const std::string& text) {
  return usage_mistake(text, "peerage run");
}

std::string read_text_file(const std::string& path) {
  std::error_code failure;
  if (std::filesystem::is_directory(path, failure))
    throw option_error{"is a directory"};
  std::ifstream file{path, std::ios::binary};
  if (!file)
    throw option_error{std::strerror(errno)};
  std::string result(max_config_bytes + 1, '\0');
  file.read(result.data(), static_cast<std::streamsize>(result.size()));
  if (file.bad())
    throw option_error{"cannot be read"};
  result.resize(static_cast<std::size_t>(file.gcount()));
  if (result.size() > max_config_bytes)
    throw option_error{"is longer than 1 MiB"};
  if (result.find('\0') != std::string::npos)
    throw option_error{"is not a text file"};
  return result;
}

/// The keys of a configuration file; a section [run] may hold the same keys.
given_values read_config(const std::string& path,
                         const std::vector<option_spec>& options) {
  std::istringstream input{read_text_file(path)};
  given_values result;
  for (const auto& item : CLI::ConfigTOML{}.from_config(input)) {
    if (item.name == "++" || item.name == "--") // a section begins or ends
      continue;
    auto in_run = item.parents.size() == 1 && item.parents[0] == "run";
    auto known =
      std::ranges::any_of(options,
                          [&](const option_spec& x) { return x.name == item.name; }) ||
      std::ranges::any_of(renamed_options,
                          [&](const renamed_option& x) { return x.before == item.name; });
    if (!known || (!in_run && !item.parents.empty()))
      throw option_error{"unknown key " + item.fullname()};
    auto& values = result[item.name];
    values.insert(values.end(), item.inputs.begin(), item.inputs.end());
  }
  return result;
}

// -- all together -----------------------------------------------------------------------

/// Moves values of an old name to the new one. Where both are given, the new one counts.
void take_new_names(given_values& given, const std::string& where, run_options& to) {
  for (const auto& [before, now] : renamed_options) {
    auto old = given.extract(before);
    if (old.empty() || old.mapped().empty())
      continue;
    to.warnings.push_back(where + "--" + before + " is called --" + now + " today");
    given.insert({now, std::move(old.mapped())});
  }
}

/// Applies the values in `given`; `where` precedes the option in error texts.
std::optional<early_exit> apply(const std::vector<option_spec>& options,
                                const given_values& given, const std::string& where,
                                run_options& to) {
  for (const auto& option : options) {
    auto found = given.find(option.name);
    if (found == given.end())
      continue;
    const auto& values = found->second;
    for (const auto& value : values) {
      if (!option.repeatable && &value != &values.back())
        continue; // the last one counts
      try {
        option.set(to, value);
      } catch (const option_error& error) {
        return mistake(where + named(option.name, value) + ": " + error.why);
      }
    }
    auto is_none = [](const std::string& x) { return x == "none"; };
    if (std::string_view(option.name) == "listen" && values.size() > 1 &&
        std::ranges::any_of(values, is_none))
      return mistake(where + "--listen none: cannot be combined with other addresses");
  }
  return std::nullopt;
}

/// Refuses peers that the node would not dial.
std::optional<early_exit> check_reach(const run_options& x) {
  auto check = [&](const char* option, const endpoint& remote) {
    const auto problem = reach_problem(reach_of(x), remote);
    return problem.empty() ? std::nullopt
                           : std::optional{mistake(named(option, to_string(remote)) +
                                                   ": " + std::string(problem))};
  };
  for (const auto& remote : x.connect)
    if (auto wrong = check("connect", remote))
      return wrong;
  for (const auto& peer : x.add_peers)
    if (auto wrong = peer.remote ? check("add-peer", *peer.remote) : std::nullopt)
      return wrong;
  return std::nullopt;
}

/// Checks that concern several options.
std::optional<early_exit> check_together(run_options& x) {
  if (!x.network)
    x.network = &wire::parameters(wire::network::main);
  if (x.swarm > 0 && x.network->id != wire::network::regtest)
    return mistake(named("swarm", std::to_string(x.swarm)) +
                   ": only for --network regtest, not " + std::string(x.network->name));
  if (x.allow_public && x.network->id != wire::network::regtest)
    return mistake("--allow-public: only for --network regtest: a node of " +
                   std::string(x.network->name) + " is public");
  if (auto wrong = check_reach(x))
    return wrong;
  if (x.data_dir.empty()) {
    auto home = std::getenv("HOME");
    if (!home || !*home)
      return mistake("--data-dir is needed, because HOME is not set");
    x.data_dir = std::filesystem::path(home) / ".peerage";
  }
  return std::nullopt;
}

constexpr auto run_footer = R"(
Durations have to be from 0.05 s to an hour (--ping-interval: a day). If an
option that can be given only once is repeated, the last one counts.

When everything listens, one line of JSON goes to stdout:
  {"event":"ready","version":"...","network":"...","p2p":[...],"status":[...],
   "metrics":[...],"pid":...}
Logs go to stderr; of lines that strangers repeat, ten a second are written and
the others merged with a count. SIGHUP opens --log-file again and sets the log
level by the configuration file. SIGTERM or Ctrl-C ends it in order (exit 0,
within 5 s); a second Ctrl-C ends it at once (exit 130). Exit 1: it could not
save what had changed, could not stop in time, or failed by itself; a line says
which. Exit 2: it could not start as asked to.

--stop-at-eof is for programs that start a node and hold a pipe (or socket) to
its standard input: it stops when nobody holds that any more, as after SIGTERM.
It reads nothing from there, and leaves what is typed on a terminal to others:
only the end of the terminal counts. /dev/null, a file and a closed standard
input have ended from the first, and so does the node.

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
  The same from a file (command line options win over it):
    peerage run --config node.toml
      network = "regtest"
      listen = ["127.0.0.1:18444", "[::1]:18444"]
      ping-interval = 2.5
)";

} // namespace

dial_reach reach_of(const run_options& x) {
  return x.network->id == wire::network::regtest && !x.allow_public
           ? dial_reach::home
           : dial_reach::everywhere;
}

run_arguments::run_arguments(CLI::App& app) {
  command_ = app.add_subcommand("run", "Find, accept and keep peers");
  command_->group("Commands");
  command_->footer(run_footer);
  for (const auto& option : all_options()) {
    auto name = std::string("--") + option.name;
    auto& values = from_arguments_[option.name];
    CLI::Option* added = nullptr;
    if (*option.value) {
      added = command_->add_option(name, values, option.help)->type_name(option.value);
      added->type_size(1)->allow_extra_args(false);
    } else {
      added = command_->add_flag_callback(
        name, [&values] { values = {"true"}; }, option.help);
    }
    added->group(option.group);
  }
  for (const auto& option : renamed_options)
    command_
      ->add_option(std::string("--") + option.before, from_arguments_[option.before])
      ->type_size(1)
      ->allow_extra_args(false)
      ->group(""); // not shown
  command_
    ->add_option("--config", config_path_, "Read options from this file (INI or TOML)")
    ->type_name("FILE")
    ->group(group_node)
    ->take_last();
}

bool run_arguments::given() const {
  return command_->parsed();
}

namespace {

/// @param config_path Of --config; empty: it was not given.
std::variant<run_options, early_exit>
read_options(given_values from_arguments, const std::optional<std::string>& config_path) {
  auto options = all_options();
  std::erase_if(from_arguments, [](const auto& x) { return x.second.empty(); });
  run_options result;
  take_new_names(from_arguments, "", result);
  if (config_path) {
    given_values from_file;
    try {
      from_file = read_config(*config_path, options);
    } catch (const option_error& error) {
      return mistake(named("config", *config_path) + ": " + error.why);
    } catch (const CLI::Error& error) {
      return mistake(named("config", *config_path) + ": " + error.what());
    }
    take_new_names(from_file, "--config " + *config_path + ": ", result);
    for (const auto& [name, values] : from_arguments) // the command line wins
      from_file.erase(name);
    if (auto wrong = apply(options, from_file, "--config " + *config_path + ": ", result))
      return *wrong;
  }
  if (auto wrong = apply(options, from_arguments, "", result))
    return *wrong;
  if (auto wrong = check_together(result))
    return *wrong;
  return result;
}

} // namespace

std::variant<run_options, early_exit> run_arguments::read() const {
  std::optional<std::string> file;
  if (command_->count("--config") > 0)
    file = config_path_;
  auto result = read_options(from_arguments_, file);
  if (auto* options = std::get_if<run_options>(&result))
    options->read_again = [given = from_arguments_, file] {
      if (std::error_code failure;
          file && !std::filesystem::is_regular_file(*file, failure)) // it may have no end
        return std::variant<run_options, early_exit>{
          mistake(named("config", *file) + ": is no file that can be read again")};
      return read_options(given, file);
    };
  return result;
}

} // namespace peerage
