// SPDX-License-Identifier: MIT
#pragma once

#include "actors/events/event_merger.hpp"
#include "actors/interfaces/bans.hpp"
#include "actors/interfaces/events.hpp"
#include "actors/interfaces/inbound_service.hpp"
#include "actors/peer/peer_rules.hpp"
#include "actors/storage/system_disk.hpp"
#include "actors/transport/transport.hpp"
#include "messages/checks/mutant.hpp"

#include <atomic>
#include <memory>

namespace peerage {

/// What all peers of one node share: their rules, and the actors around them. Made once,
/// before the first peer.
struct node_context : peer_rules {
  using peer_rules::peer_rules;

  std::atomic<peer_id> last_id{0};
  alarm_clock_actor alarms;
  /// Takes the node's events; null: none are told. Set before the first peer.
  event_sink events;
  /// Decides which events that remotes can cause at will are told singly.
  std::shared_ptr<event_merger> merger = std::make_shared<event_merger>();
  inbound_service_actor service; ///< The node's own.
  /// Asked by CONNECTIONs instead of `service`; null: they ask that.
  inbound_service_actor dispatcher;
  /// Takes CONNECTIONs' reports of unreadable messages; null: none are sent.
  misbehaviour_sink ban_manager;
  std::shared_ptr<socket_provider> sockets;
  /// What is kept over restarts is read from here, and written by the SAVER.
  std::shared_ptr<peerage::disk> disk = system_disk();
};

using node_context_ptr = std::shared_ptr<node_context>;

/// An id that no connection has had yet.
inline peer_id next_peer_id(node_context& context) {
  return is_on(mutant::peer_id_reused) ? 1 + context.last_id++ % 3 : ++context.last_id;
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
