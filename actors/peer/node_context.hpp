// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/node_clock.hpp"
#include "actors/base/random_source.hpp"
#include "actors/events/event_merger.hpp"
#include "actors/interfaces/bans.hpp"
#include "actors/interfaces/events.hpp"
#include "actors/interfaces/inbound_service.hpp"
#include "actors/peer/handshake_nonces.hpp"
#include "actors/peer/node_counters.hpp"
#include "actors/transport/transport.hpp"
#include "messages/version.hpp"
#include "messages/wire/network.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace peerage {

/// Deadlines and paces of a peer's life; see the limits in actors/README.md.
struct peer_timing {
  caf::timespan connect_timeout = std::chrono::seconds(5);    ///< TCP open.
  caf::timespan handshake_timeout = std::chrono::seconds(10); ///< From there to verack.
  caf::timespan request_timeout = std::chrono::seconds(20);
  caf::timespan ping_interval = std::chrono::seconds(59); ///< A prime: paces drift apart.
  caf::timespan ping_timeout = std::chrono::seconds(20);
  /// The node's own inbound service has this long to answer; then the remote gets the
  /// same as after an error.
  caf::timespan service_timeout = std::chrono::seconds(20);
};

/// What our version message says about this node.
struct local_identity {
  std::string user_agent = "/peerage:" + std::string(program_version()) + "/";
  std::uint64_t services = 0;
  std::int32_t start_height = 0;
  /// The block at that height, for people who ask; zero: not known.
  wire::hash256 best_block;
  bool relay = true;
};

/// What all peers of one node share. Made once, before the first peer.
struct node_context {
  node_context(const wire::network_parameters& parameters,
               std::optional<std::uint64_t> seed)
      : network(parameters), random(seed) {}

  const wire::network_parameters& network;
  peer_timing timing;
  local_identity identity;
  random_source random;
  handshake_nonces nonces;
  std::atomic<peer_id> last_id{0};
  alarm_clock_actor alarms;
  /// Takes the node's events; null: none are told. Set before the first peer.
  event_sink events;
  /// Decides which events that remotes can cause at will are told singly.
  std::shared_ptr<event_merger> merger = std::make_shared<event_merger>();
  node_counters counters;
  node_clock wall; ///< For times that are shown, sent or saved, and for ends at a date.
  inbound_service_actor service; ///< The node's own.
  /// Asked by CONNECTIONs instead of `service`; null: they ask that.
  inbound_service_actor dispatcher;
  /// Takes CONNECTIONs' reports of unreadable messages; null: none are sent.
  misbehaviour_sink ban_manager;
  std::shared_ptr<socket_provider> sockets;

  /// For the mutation check of invariant I1 only: gives the heartbeat a strong handle to
  /// the client, the mistake that the drop tests must catch.
  bool heartbeat_holds_client = false;
};

using node_context_ptr = std::shared_ptr<node_context>;

/// An id that no connection has had yet.
inline peer_id next_peer_id(node_context& context) {
  return ++context.last_id;
}

/// Tells the EVENT_LOG, if there is one, an event of this moment.
template <class Self>
void record(Self* self, const node_context& context, event what) {
  if (!context.events)
    return;
  what.time = context.wall.precise_now();
  if (!context.merger->admit(what, self->clock().now()))
    return;
  self->send(context.events, std::move(what));
}

} // namespace peerage
