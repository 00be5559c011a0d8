// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/alarm_clock.hpp"
#include "actors/base/local_message.hpp"
#include "actors/interfaces/addresses.hpp"
#include "actors/interfaces/admission.hpp"
#include "actors/interfaces/bans.hpp"
#include "actors/interfaces/dialing.hpp"
#include "actors/interfaces/events.hpp"
#include "actors/interfaces/peer_set.hpp"

#include <memory>

/// What the PEER_MANAGER, the root of a node, is asked.
namespace peerage {

struct node_context; // actors/peer/node_context.hpp

/// Asks the PEER_MANAGER for its `node_handles`.
struct get_node_handles {};

/// The owners of a node's state, for callers that ask them directly. They end with the
/// manager, even while their handles are held.
struct node_handles {
  std::shared_ptr<node_context> context;
  peer_set_actor peers;
  dialer_actor dialer;
  listener_actor listener;
  address_book_actor book;
  ban_manager_actor ban_manager;
  event_log_actor events; ///< Null if the node keeps none.
};

/// Starts everything that a node consists of, and ends it in order.
using peer_manager_actor = caf::typed_actor<
  // Status: the node at one moment. Fails if a part of it does not answer in time.
  caf::replies_to<get_node_snapshot>::with<node_snapshot>,
  // Every peer, as the PEER_SET tells; those that do not answer in time are left out.
  caf::replies_to<get_peer_snapshots>::with<peer_snapshots>,
  // Status: passed on to LISTENER, DIALER and PEER_SET.
  caf::reacts_to<set_network_active>,
  // Status, HISTORIAN and the library, once each.
  caf::replies_to<get_node_handles>::with<node_handles>,
  // A handle to route requests with; it dies with the manager.
  caf::replies_to<caf::get_atom>::with<peer_set_actor>,
  // INTERNAL: the stop took too long.
  caf::reacts_to<alarm>>;

} // namespace peerage

PEERAGE_LOCAL_MESSAGE(peerage::get_node_handles)
PEERAGE_LOCAL_MESSAGE(peerage::node_handles)
