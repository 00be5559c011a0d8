// SPDX-License-Identifier: MIT
#pragma once

#include "actors/peer/handshake.hpp"
#include "actors/peer/node_context.hpp"
#include "actors/peer/peer_outcome.hpp"

namespace peerage {

using connector_actor = caf::typed_actor<
  // From the sockets.
  caf::reacts_to<connected>, caf::reacts_to<connect_failed>,
  // The connect deadline.
  caf::reacts_to<alarm>,
  // What the HANDSHAKE knows, once TCP is open; `not_found` before.
  caf::replies_to<get_peer_snapshot>::with<peer_snapshot>>;

struct connector_state {
  connector_state() = default;

  caf::strong_actor_ptr keep; ///< Ourselves, as in a HANDSHAKE.
  node_context_ptr context;
  peer_outcome_ptr outcome;
  std::shared_ptr<void> attempt; ///< Destroying it abandons the dial.
  handshake_actor handshake;     ///< Once TCP is open.
  static inline const char* name = "connector";
};

/// Opens TCP to one address, by the connect deadline, and passes the socket to a
/// HANDSHAKE (invariant I8); knows nothing of the protocol. Stands for the dial until
/// that ends: told to exit, it passes that on.
connector_actor::behavior_type
connector(connector_actor::stateful_pointer<connector_state> self,
          node_context_ptr context, const endpoint& to, peer_outcome_ptr outcome);

} // namespace peerage
