// SPDX-License-Identifier: MIT
#pragma once

#include "actors/interfaces/peer.hpp"
#include "actors/peer/node_context.hpp"
#include "actors/transport/transport.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

/// One peer, from a socket to a client. Other folders start peers by this header, and
/// include neither CONNECTOR, HANDSHAKE, CONNECTION, HEARTBEAT nor CLIENT.
///
/// ```
/// dial ── CONNECTOR ──┐
///                     ├── HANDSHAKE ──> CONNECTION <─linked─> HEARTBEAT
/// accept ─────────────┘                   ^ strong  : monitors
///                                         │         v
///                           peer_ready: CLIENT  <── held by you, and only by you
/// ```
namespace peerage {

/// Opens TCP to `to`, shakes hands, and sends `sink` exactly one `peer_ready` or
/// `peer_failed`. The connect deadline covers TCP, the handshake deadline what follows;
/// both hold without a waiter (invariant I6). If `sink` is gone, a result closes its
/// socket.
/// @param id Of the future peer, from `next_peer_id`.
/// @returns the CONNECTOR, which need not be held, and which stands for the attempt until
///          its end: it answers `get_peer_snapshot` once TCP is open, and an exit message
///          ends the attempt with its reason. (A `peer_ready` may be on its way already.)
caf::actor dial(caf::actor_system& system, const node_context_ptr& context,
                const endpoint& to, const peer_sink& sink, peer_id id);

/// Shakes hands on a connection that the remote opened; otherwise like `dial`. Returns
/// the HANDSHAKE.
caf::actor accept(caf::actor_system& system, const node_context_ptr& context,
                  transport_ptr connection, const peer_sink& sink, peer_id id);

/// The same, with a new id.
inline caf::actor dial(caf::actor_system& system, const node_context_ptr& context,
                       const endpoint& to, const peer_sink& sink) {
  return dial(system, context, to, sink, next_peer_id(*context));
}
inline caf::actor accept(caf::actor_system& system, const node_context_ptr& context,
                         transport_ptr connection, const peer_sink& sink) {
  return accept(system, context, std::move(connection), sink, next_peer_id(*context));
}

} // namespace peerage
