// SPDX-License-Identifier: MIT
#pragma once

#include "actors/interfaces/node.hpp"
#include "tests/support/test_node.hpp"

#include <map>
#include <set>
#include <stdexcept>
#include <thread>

/// Whole nodes over real sockets, many of them in one process: what a node that is told
/// of strangers finds out there.
namespace peerage::test {

/// Between dials lie 100 ms, and some fail: this is several times what 25 peers take.
inline constexpr std::chrono::seconds fill_patience{20};

/// A node with a manager, on regtest. Throws what goes wrong.
class whole_node {
public:
  whole_node(caf::actor_system& system, std::shared_ptr<socket_provider> sockets,
             peer_manager_options options);
  whole_node(whole_node&&) = default;
  /// The destructor of the actor system waits for the end.
  ~whole_node() { tell_to_stop(); }

  void tell_to_stop();
  /// An ordered stop, to its end: what is to be saved is on the disk.
  bool stop();

  template <class Reply, class Request>
  Reply get(Request what) {
    return ask<Reply>(manager_, std::move(what));
  }

  /// Whether it comes to this many peers, all ready and all dialed.
  bool reaches(std::size_t ready);
  /// Connections that ended, for whatever reason.
  std::uint64_t ended();
  /// In the order of their handshakes.
  std::vector<peer_snapshot> peers();
  std::vector<endpoint> places();
  /// Whether each known address was connected to before.
  std::map<endpoint, bool> known();

private:
  template <class Reply, class Handle, class Request>
  Reply ask(const Handle& whom, Request what) {
    auto result = asked<Reply>(system_, whom, std::move(what)).wait();
    if (!result.value)
      throw std::runtime_error("a request failed: " + system_.render(*result.failure));
    return std::move(*result.value);
  }

  caf::actor_system& system_;
  node_context_ptr context_;
  peer_manager_actor manager_;
};

/// Nodes that do not dial, each on a loopback address of its own.
class crowd {
public:
  crowd(caf::actor_system& system, std::size_t living);

  std::vector<endpoint> places() const;
  void stop(const endpoint& place) { nodes_.at(place).tell_to_stop(); }

private:
  std::map<endpoint, whole_node> nodes_;
};

/// Loopback addresses where nothing listens, so that dials are refused.
std::vector<endpoint> dead_places(std::size_t count);

/// A peer that knows many others. Played on a thread of its own until its stream ends.
class well_informed_peer {
public:
  explicit well_informed_peer(const std::vector<endpoint>& known);
  well_informed_peer(const well_informed_peer&) = delete;
  well_informed_peer& operator=(const well_informed_peer&) = delete;
  ~well_informed_peer() { thread_.join(); }

  const endpoint& place() const { return place_; }

private:
  void play(const std::vector<endpoint>& known);

  raw_listener listener_;
  endpoint place_;
  std::thread thread_;
};

} // namespace peerage::test
