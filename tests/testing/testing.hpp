// SPDX-License-Identifier: MIT
#pragma once

#include "actors/library/node.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// For tests of programs that use peerage: whole nodes on a network in memory, under
/// virtual time. No socket, no thread, no sleep; a day passes in seconds, and the same
/// seed brings the same day.
namespace peerage::testing {

using node_id = std::size_t;

/// A network of simulated machines, each with a node, all in the calling thread. Nodes
/// have public addresses, and blocks that are mined in no time, as on regtest. Bytes take
/// some milliseconds. Nothing happens but inside of `run_for`, `run_until` and `request`.
///
/// ```
/// peerage::testing::network net;
/// const auto server = net.add(serving);
/// const auto client = net.add({.connect = {net.place(server)}});
/// const auto found = net.request(client, question, 20s);
/// ```
class network {
public:
  /// @param seed Decides whatever is drawn: delays, nonces, which actor is next.
  explicit network(std::uint64_t seed = 1);
  network(const network&) = delete;
  network& operator=(const network&) = delete;
  /// Ends all nodes.
  ~network();

  /// Adds a machine, and starts a node on it. Of the options, `network`, `listen`,
  /// `reach`, `max_per_ip`, `seed` and `on_end` are the simulation's own, and
  /// `ask_dns_seeds` is not needed: the name servers know all nodes. With a `directory`,
  /// whatever its name, the node keeps its state on a simulated disk.
  /// @throws node_error if a place in `connect` is none.
  node_id add(node_options options = {});
  /// Where others reach it: for `node_options::connect`.
  std::string place(node_id which) const;
  /// Null while it does not run.
  peer_set_actor peer_set(node_id which) const;
  /// With the network's genesis block.
  static const wire::network_parameters& parameters();

  /// For actors of your own: those that are spawned here run under virtual time, too.
  caf::actor_system& system();

  // -- time ----------------------------------------------------------------------------

  /// Since the beginning.
  std::chrono::nanoseconds now() const;
  void run_for(std::chrono::nanoseconds duration);
  /// False if it does not hold after `patience`.
  bool run_until(const std::function<bool()>& holds, std::chrono::nanoseconds patience);

  /// Asks one of a node's peers, and lets time pass until the answer.
  /// @param timeout As in `node::request`.
  template <class Request>
  answer<typename Request::reply> request(node_id of, Request what,
                                          std::chrono::nanoseconds timeout = {});
  /// Lets time pass until it has so many peers that take requests.
  bool wait_for_peers(node_id of, std::size_t count, std::chrono::nanoseconds patience);

  // -- trouble -------------------------------------------------------------------------

  /// In order; it has stopped when this returns.
  void stop(node_id which);
  /// At once, as by SIGKILL: connections are reset.
  void kill(node_id which);
  /// At once and silently, as without power; what was not synced is lost.
  void cut_power(node_id which);
  /// Starts it again, after one of these.
  void start(node_id which);
  /// Nothing passes between nodes of different groups, until `heal`. Those that are not
  /// named are a group, too.
  void partition(const std::vector<std::vector<node_id>>& groups);
  void heal();

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

// -- implementation --------------------------------------------------------------------

template <class Request>
answer<typename Request::reply> network::request(node_id of, Request what,
                                                 std::chrono::nanoseconds timeout) {
  using result = answer<typename Request::reply>;
  const auto peers = peer_set(of);
  if (!peers)
    return request_failure{request_error::shutting_down};
  what.timeout = timeout;
  const auto found = std::make_shared<std::optional<result>>();
  system().spawn([found, peers, what](caf::event_based_actor* self) {
    const auto fail = [found](const caf::error& why) {
      *found = request_failure{outcome_of(why), exit_of_request(why)};
    };
    if constexpr (std::is_void_v<typename Request::reply>)
      self->request(peers, caf::infinite, what)
        .then([found] { *found = result{typename result::value_type{}}; }, fail);
    else
      self->request(peers, caf::infinite, what)
        .then([found](typename Request::reply& x) { *found = std::move(x); }, fail);
  });
  constexpr std::chrono::hours longest{24}; // it ends by itself, long before
  if (!run_until([found] { return found->has_value(); }, longest))
    return request_failure{request_error::timeout};
  return **found;
}

} // namespace peerage::testing
