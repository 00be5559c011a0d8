#pragma once

#include "actors/peer/context.hpp"
#include "actors/peer/peer_outcome.hpp"

namespace peerage {

using connector_actor = caf::typed_actor<
  // From the sockets.
  caf::reacts_to<connected>, caf::reacts_to<connect_failed>,
  // The connect deadline.
  caf::reacts_to<alarm>>;

struct connector_state {
  connector_state() = default;

  caf::strong_actor_ptr keep; ///< Ourselves, as in a HANDSHAKE.
  peer_context_ptr context;
  peer_outcome_ptr outcome;
  std::shared_ptr<void> attempt; ///< Destroying it abandons the dial.
  static inline const char* name = "connector";
};

/// Opens TCP to one address and passes the socket to a HANDSHAKE (invariant I8); knows
/// nothing of the protocol. Ends then, or at the connect deadline.
connector_actor::behavior_type
connector(connector_actor::stateful_pointer<connector_state> self,
          peer_context_ptr context, const endpoint& to, const caf::actor_addr& sink);

} // namespace peerage
