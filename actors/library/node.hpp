// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/actor_system_config.hpp"
#include "actors/base/log.hpp"
#include "actors/interfaces/broadcasts.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "actors/library/answer.hpp"
#include "actors/library/events.hpp"
#include "actors/library/inbound_service.hpp"
#include "actors/library/requests.hpp"
#include "actors/peer/peer_rules.hpp"
#include "messages/dial_reach.hpp"

#include <caf/event_based_actor.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace peerage {

/// How a node is to be. As it stands: on regtest, without peers, listening nowhere,
/// keeping nothing.
struct node_options {
  std::string network = "regtest"; ///< main, testnet, testnet4, signet or regtest.
  /// Where to accept peers: "127.0.0.1:18444", "[::]:8333". Port 0: any that is free.
  std::vector<std::string> listen{};
  /// Peers to dial, again and again: "ADDRESS:PORT" or "HOST:PORT"; without a port, the
  /// network's.
  std::vector<std::string> connect{};
  bool discover = false;     ///< Looks for more peers, up to `max_outbound` in all.
  bool ask_dns_seeds = true; ///< If it looks for peers.
  std::size_t max_outbound = 25;
  std::size_t max_inbound = 125;
  /// Peers of one address. More than 1 makes sense in tests.
  std::size_t max_per_ip = 1;
  /// What it may dial; empty: this machine and private networks on regtest, everything
  /// elsewhere.
  std::optional<dial_reach> reach{};
  /// What its version message says: services, height, user agent. A node that does not
  /// offer NODE_NETWORK (1) is asked for neither headers nor blocks.
  local_identity identity{};
  peer_timing timing{};
  /// Addresses, bans and the like are kept in a folder of the network's name in here
  /// (main: right here), which is made, and locked as long as the node lives; empty:
  /// nothing is kept.
  std::filesystem::path directory{};

  inbound_service service{};
  /// Instead of `service`: an actor of yours, in the actor system given to the node. It
  /// is yours to end, after the node.
  inbound_service_actor service_actor{};

  /// Called for each event, in order, by an actor: it must return soon, and must not
  /// throw.
  std::function<void(const event&)> on_event{};
  /// Actors of yours that are told of peers as they come and go.
  std::vector<peer_observer_actor> observers{};
  /// Called once when all of the node has ended, with what went wrong (something could
  /// not be saved, an actor crashed) or nothing.
  std::function<void(const std::string& problem)> on_end{};

  /// Makes all that is drawn at random the same in each run: for tests.
  std::optional<std::uint64_t> seed{};
};

/// A node that cannot start; what() says why, and names the option.
struct node_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A peer manager with all that it consists of: it dials, accepts, shakes hands, bans,
/// remembers, and routes requests to its peers.
///
/// ```
/// peerage::node node{{.connect = {"127.0.0.1:18444"}}};
/// peerage::get_headers from_genesis;
/// from_genesis.locator = {node.network().genesis};
/// if (const auto found = node.request(from_genesis, 30s))
///   std::cout << found->entries.size() << " headers\n";
/// ```
///
/// All members may be called on any thread but those of actors, where `request`,
/// `wait_for_peers`, `peers` and `stop` would block a worker.
class node {
public:
  /// Starts in an actor system of its own.
  /// @throws node_error
  explicit node(node_options options);
  /// Starts in yours, which `register_messages` has prepared, and which outlives it.
  /// @throws node_error
  node(caf::actor_system& system, node_options options);
  node(const node&) = delete;
  node& operator=(const node&) = delete;
  ~node() { stop(); }

  /// Ends it in order: first what brings peers, then the peers, then what they share;
  /// what is to be kept is on the disk then. Takes at most `stop_deadline` (4 s). None of
  /// the functions in its options is called after that. Again: does nothing.
  void stop();

  const wire::network_parameters& network() const;
  /// Where it accepts peers, with the ports that it got.
  std::vector<std::string> listening() const;

  /// All peers as one: answers the same requests as a single peer does, and more. It ends
  /// with the node, even while the handle is held.
  peer_set_actor peer_set() const;
  caf::actor_system& system();

  /// Asks one of the peers.
  /// @param timeout The request waits so long for a peer that can take it, and once more
  ///        for the answer. Zero: as `node_options::timing` has it.
  template <class Request>
  answer<typename Request::reply> request(Request what,
                                          std::chrono::nanoseconds timeout = {}) {
    return request_async(std::move(what), timeout).get();
  }

  /// The same, without waiting. The future is fulfilled in any case.
  template <class Request>
  std::future<answer<typename Request::reply>>
  request_async(Request what, std::chrono::nanoseconds timeout = {});

  /// Waits for this many peers that take requests; false if there are not so many in
  /// time.
  bool wait_for_peers(std::size_t count, std::chrono::nanoseconds timeout);

  /// The peers of this moment. Those that do not answer within a second are left out.
  std::vector<peer_info> peers();

  /// Stays connected to this peer from now on: as in `node_options::connect`. False if it
  /// is so already, or cannot be: no such address, or beyond reach.
  bool connect(const std::string& place);
  /// Ends a peer; false if there is none.
  bool disconnect(peer_id peer);

private:
  struct parts;
  std::unique_ptr<parts, void (*)(parts*)> parts_;
};

/// Where the log lines of all nodes in this process go from now on: to this function,
/// which may be called on any thread, several at a time, and must neither wait nor throw;
/// null, as at the start: nowhere.
void log_to(std::function<void(const log::line&)> function,
            log::level from = log::level::info);

// -- implementation --------------------------------------------------------------------

template <class Request>
std::future<answer<typename Request::reply>>
node::request_async(Request what, std::chrono::nanoseconds timeout) {
  using result = answer<typename Request::reply>;
  what.timeout = timeout;
  auto promise = std::make_shared<std::promise<result>>();
  auto future = promise->get_future();
  auto peers = peer_set();
  if (!peers) {
    promise->set_value(request_failure{request_error::shutting_down});
    return future;
  }
  system().spawn([promise, peers, what](caf::event_based_actor* self) {
    const auto fail = [promise](const caf::error& why) {
      promise->set_value(request_failure{outcome_of(why), exit_of_request(why)});
    };
    if constexpr (std::is_void_v<typename Request::reply>)
      self->request(peers, caf::infinite, what)
        .then([promise] { promise->set_value(typename result::value_type{}); }, fail);
    else
      self->request(peers, caf::infinite, what)
        .then([promise](typename Request::reply& x) { promise->set_value(std::move(x)); },
              fail);
  });
  return future;
}

} // namespace peerage
