#pragma once

#include "actors/admission/listener.hpp"
#include "actors/base/local_message.hpp"
#include "actors/dialing/dialer.hpp"
#include "actors/discovery/interfaces.hpp"
#include "actors/events/event_log.hpp"
#include "actors/peer_set/peer_set.hpp"

namespace peerage {

/// Asks the PEER_MANAGER for its `node_handles`.
struct get_node_handles {};

/// Who owns what of a node, for those who ask owners directly. They end with the manager,
/// whoever holds them.
struct node_handles {
  node_context_ptr context;
  peer_set_actor peers;
  dialer_actor dialer;
  listener_actor listener;
  address_book_actor book;
  ban_manager_actor ban_manager;
  event_log_actor events; ///< Nobody if the node keeps none.
};

} // namespace peerage

PEERAGE_LOCAL_MESSAGE(peerage::get_node_handles)
PEERAGE_LOCAL_MESSAGE(peerage::node_handles)
