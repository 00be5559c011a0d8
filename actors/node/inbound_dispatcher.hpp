// SPDX-License-Identifier: MIT
#pragma once

#include "actors/interfaces/addresses.hpp"
#include "actors/interfaces/inbound_service.hpp"
#include "actors/interfaces/peer_set.hpp"

#include <caf/stateful_actor.hpp>

namespace peerage {

struct inbound_dispatcher_state {
  inbound_dispatcher_state() = default;

  inbound_service_actor node;
  inventory_sink inventory;
  address_book_actor book;
  static inline const char* name = "inbound_dispatcher";
};

/// The inbound service that CONNECTIONs ask: passes inventory to the PEER_SET, addresses
/// to the ADDRESS_BOOK, and everything else to the node's own service. It only delegates:
/// the answer goes straight to the CONNECTION, which thereby gets its credit back from
/// the actor that did the work.
///
/// Once the node's service is gone, its answers are errors. Ends when told to exit. The
/// name is zebra's (its inbound service): what comes in are questions, not connections.
/// @param node Null: the node has no service.
inbound_service_actor::behavior_type
inbound_dispatcher(inbound_service_actor::stateful_pointer<inbound_dispatcher_state> self,
                   inbound_service_actor node, inventory_sink inventory,
                   address_book_actor book);

} // namespace peerage
