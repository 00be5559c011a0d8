// SPDX-License-Identifier: MIT
// What the peer set costs, and how fast the dialer fills it: each measured against what
// it cannot beat, in one process and one run. The other ends are bare_responders.

#include "actors/addresses/address_table.hpp"
#include "actors/addresses/saved_addresses.hpp"
#include "actors/base/actor_system_config.hpp"
#include "actors/dialing/dialer.hpp"
#include "actors/interfaces/node.hpp"
#include "actors/interfaces/peer.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "actors/node/peer_manager.hpp"
#include "actors/storage/state_file.hpp"
#include "actors/storage/system_disk.hpp"
#include "actors/transport/asio_sockets.hpp"
#include "messages/wire/addresses.hpp"
#include "tests/support/temporary_directory.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <stdexcept>
#include <string_view>
#include <thread>

namespace {

using namespace peerage;
using namespace std::chrono_literals;
using seconds = std::chrono::duration<double>;
using steady_clock = std::chrono::steady_clock;

constexpr std::size_t outstanding = 32; // requests, of all peers together
constexpr int rounds = 3;
constexpr seconds warm_up{0.3};
/// Both ways take turns this often within a round: what else the machine does then hits
/// both.
constexpr seconds turn{0.1};
constexpr std::chrono::seconds answer_timeout{10};
constexpr std::chrono::seconds fill_timeout{20}; // beyond the floor, or without dials
constexpr std::size_t dead_per_live = 9;

// -- a node ----------------------------------------------------------------------------

/// A peer manager that dials, on sockets of its own.
class bench_node {
public:
  explicit bench_node(peer_manager_options options) {
    context_->sockets = sockets_;
    context_->timing.ping_interval = 10min; // no pings but ours
    options.published = counts_;
    manager_ = start_peer_manager(system_, context_, std::move(options));
  }
  bench_node(const bench_node&) = delete;
  bench_node& operator=(const bench_node&) = delete;
  ~bench_node() {
    caf::anon_send_exit(manager_, caf::exit_reason::user_shutdown);
    asker_->wait_for(manager_);
  }

  caf::actor_system& system() { return system_; }

  template <class Result, class Handle, class... Question>
  Result ask(const Handle& whom, caf::timespan timeout, const Question&... question) {
    std::optional<Result> result;
    asker_->request(whom, timeout, question...)
      .receive([&](Result& x) { result = std::move(x); },
               [&](caf::error& why) { throw std::runtime_error(system_.render(why)); });
    return std::move(*result);
  }

  node_snapshot look() {
    return ask<node_snapshot>(manager_, answer_timeout, get_node_snapshot{});
  }

  peer_set_actor peers() {
    return ask<peer_set_actor>(manager_, answer_timeout, caf::get_atom_v);
  }

  /// Looks without a message, so often that it adds nothing to what is measured.
  void await_ready(std::size_t count, seconds timeout) {
    const auto deadline = steady_clock::now() + timeout;
    while (counts_->load().ready < count) {
      if (steady_clock::now() > deadline)
        throw std::runtime_error("of " + std::to_string(count) + " peers, only " +
                                 std::to_string(counts_->load().ready) + " are ready");
      std::this_thread::sleep_for(2ms);
    }
  }

private:
  // The sockets outlive all actors.
  std::shared_ptr<socket_provider> sockets_ = make_asio_sockets(dial_reach::loopback);
  actor_system_config config_;
  caf::actor_system system_{config_};
  node_context_ptr context_ = std::make_shared<node_context>(
    wire::parameters(wire::network::regtest), std::nullopt);
  std::shared_ptr<published_counts> counts_ = std::make_shared<published_counts>();
  peer_manager_actor manager_;
  caf::scoped_actor asker_{system_};
};

// -- requests --------------------------------------------------------------------------

struct load_state {
  load_state() = default;

  std::vector<requests_actor> targets; ///< Asked in turn.
  std::size_t next = 0;
  std::size_t under_way = 0;
  std::uint64_t answered = 0;
  steady_clock::time_point started;
  steady_clock::time_point deadline;
  caf::typed_response_promise<double> rate;
  static inline const char* name = "load";
};

using load_actor = caf::stateful_actor<load_state>;

void ask_next(load_actor* self);

void on_answer(load_actor* self) {
  auto& state = self->state;
  --state.under_way;
  ++state.answered;
  const auto now = steady_clock::now();
  if (now < state.deadline)
    ask_next(self);
  else if (state.under_way == 0)
    state.rate.deliver(static_cast<double>(state.answered) /
                       seconds{now - state.started}.count());
}

void ask_next(load_actor* self) {
  auto& state = self->state;
  const auto& target = state.targets[state.next];
  state.next = (state.next + 1) % state.targets.size();
  ++state.under_way;
  self->request(target, caf::infinite, measure_latency{})
    .then([self](const latency&) { on_answer(self); },
          [self](caf::error& why) {
            self->state.rate.deliver(why);
            self->quit(std::move(why));
          });
}

/// Keeps `outstanding` requests under way: every answer brings the next one. Answers
/// `get_atom` with requests per second, and ends.
caf::behavior load(load_actor* self, std::vector<requests_actor> targets,
                   seconds duration) {
  self->state.targets = std::move(targets);
  return {
    [self, duration](caf::get_atom) -> caf::result<double> {
      auto& state = self->state;
      state.rate = self->make_response_promise<double>();
      state.started = steady_clock::now();
      state.deadline =
        state.started + std::chrono::duration_cast<steady_clock::duration>(duration);
      for (std::size_t i = 0; i < outstanding; ++i)
        ask_next(self);
      return state.rate;
    },
  };
}

double measure(bench_node& node, std::vector<requests_actor> targets, seconds duration) {
  auto loader = node.system().spawn(load, std::move(targets), duration);
  auto timeout = std::chrono::duration_cast<caf::timespan>(duration) + answer_timeout;
  return node.ask<double>(loader, timeout, caf::get_atom_v);
}

/// The same requests, straight to the clients and through the set.
nlohmann::ordered_json measure_requests(const std::vector<endpoint>& remotes,
                                        seconds duration) {
  peer_manager_options options;
  options.manual = remotes;
  bench_node node{std::move(options)};
  node.await_ready(remotes.size(), fill_timeout);
  const auto set = node.peers();
  const std::vector<requests_actor> routed{set};
  std::vector<requests_actor> direct;
  const auto peers = node.ask<peer_snapshots>(set, answer_timeout, get_peer_snapshots{});
  for (const auto& peer : peers.entries)
    direct.push_back(
      node.ask<client_actor>(set, answer_timeout, caf::get_atom_v, peer.info.id));
  if (direct.size() != remotes.size())
    throw std::runtime_error("peers are missing");

  measure(node, direct, warm_up);
  measure(node, routed, warm_up);
  std::vector<double> direct_rates, routed_rates;
  const auto turns = static_cast<int>(std::ceil(duration / turn));
  for (int i = 0; i < rounds; ++i) {
    double direct_sum = 0, routed_sum = 0;
    for (int k = 0; k < turns; ++k) {
      direct_sum += measure(node, direct, turn);
      routed_sum += measure(node, routed, turn);
    }
    direct_rates.push_back(direct_sum / turns);
    routed_rates.push_back(routed_sum / turns);
  }
  auto median = [](std::vector<double> x) {
    std::ranges::sort(x);
    return x[x.size() / 2];
  };
  return {{"direct_requests_per_second", direct_rates},
          {"routed_requests_per_second", routed_rates},
          {"ratio", median(routed_rates) / median(direct_rates)}};
}

// -- dials -----------------------------------------------------------------------------

/// Leaves an address book that holds all of `remotes`: each as told by another source,
/// and with a secret by which no two of them want the same slot.
void save_address_book(const std::vector<endpoint>& remotes,
                       const std::filesystem::path& folder) {
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(
                     std::chrono::system_clock::now().time_since_epoch())
                     .count();
  for (std::uint8_t attempt = 0; attempt < 100; ++attempt) {
    random_source random{attempt};
    address_table table{hash_secret{attempt}, random};
    for (const auto& remote : remotes)
      table.insert(wire::to_network_address(
                     {static_cast<std::uint32_t>(now), {0, remote.ip, remote.port}}),
                   remote, now);
    if (table.size() != remotes.size())
      continue;
    if (auto problem = save_state_file(*system_disk(), folder / "addresses.json",
                                       saved_addresses_kind, saved_addresses_version,
                                       to_json(table.secret(), table.entries())))
      throw std::runtime_error(*problem);
    return;
  }
  throw std::runtime_error("no address book holds all candidates");
}

/// Finds `live` among nine times as many that refuse.
nlohmann::ordered_json measure_dials(const std::vector<endpoint>& live) {
  auto candidates = live;
  for (std::size_t i = 0; i < dead_per_live * live.size(); ++i)
    candidates.push_back(ipv4_endpoint(127, 200, static_cast<std::uint8_t>(i / 250),
                                       static_cast<std::uint8_t>(1 + i % 250), 1));
  test::temporary_directory folder;
  save_address_book(candidates, folder.path());

  peer_manager_options options;
  options.discover = true;
  options.max_outbound = live.size();
  options.directory = folder.path();
  const auto started = steady_clock::now();
  bench_node node{std::move(options)};
  node.await_ready(live.size(),
                   seconds{dial_spacing} * static_cast<double>(candidates.size()) +
                     fill_timeout);
  const seconds took = steady_clock::now() - started;
  const auto seen = node.look();
  const auto dials = std::accumulate(seen.failures.begin(), seen.failures.end(),
                                     seen.peers.outbound + seen.dials_in_flight);
  const seconds floor = dial_spacing * static_cast<double>(dials - 1);
  return {{"dials", dials},
          {"floor_seconds", std::vector{floor.count()}},
          {"seconds", std::vector{took.count()}},
          {"ratio", floor / took}};
}

// -- the command line ------------------------------------------------------------------

constexpr const char* usage = R"(usage:
  routing_bench requests SECONDS ADDR:PORT…   each way lasts SECONDS, three times
  routing_bench dials ADDR:PORT…              until all are found among 90 % that refuse
Each endpoint is a bare_responder's. Prints one line of JSON.
)";

struct usage_error {};

std::vector<endpoint> parse_endpoints(int count, char** texts) {
  std::vector<endpoint> result(static_cast<std::size_t>(std::max(count, 0)));
  for (auto& x : result)
    if (!parse_endpoint(*texts++, 0, x))
      throw usage_error{};
  if (result.empty())
    throw usage_error{};
  return result;
}

nlohmann::ordered_json run(int argument_count, char** arguments) {
  const std::string_view what = argument_count > 2 ? arguments[1] : "";
  if (what == "dials")
    return measure_dials(parse_endpoints(argument_count - 2, arguments + 2));
  if (what != "requests")
    throw usage_error{};
  const seconds duration{std::strtod(arguments[2], nullptr)};
  if (!(duration > 0s))
    throw usage_error{};
  return measure_requests(parse_endpoints(argument_count - 3, arguments + 3), duration);
}

} // namespace

int main(int argument_count, char** arguments) {
  try {
    std::puts(run(argument_count, arguments).dump().c_str());
  } catch (const usage_error&) {
    std::fputs(usage, stderr);
    return 2;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "routing_bench: %s\n", problem.what());
    return 1;
  }
  return 0;
}
