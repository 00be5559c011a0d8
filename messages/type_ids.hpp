// SPDX-License-Identifier: MIT
#pragma once

#include "messages/caf/message_wrappers.hpp"
#include "messages/events.hpp"
#include "messages/requests.hpp"
#include "messages/service.hpp"
#include "messages/snapshots.hpp"

#include <caf/type_id.hpp>

/// Everything in messages/ that an actor can receive, here or from another process. If
/// you add a message, add it here and to the round-trip test.
#ifdef PEERAGE_COMPILE_MESSAGES
#define PEERAGE_MESSAGE(type)                                                            \
  CAF_ADD_TYPE_ID(peerage_messages, (type))                                              \
  PEERAGE_MESSAGE_WRAPPERS(template, type)
#else
#define PEERAGE_MESSAGE(type)                                                            \
  CAF_ADD_TYPE_ID(peerage_messages, (type))                                              \
  PEERAGE_MESSAGE_WRAPPERS(extern template, type)
#endif

namespace peerage {

/// Ours begin here, which leaves those from `caf::first_custom_type_id` (200) on to
/// programs that use the library.
inline constexpr caf::type_id_t first_type_id = 30'000;

} // namespace peerage

CAF_BEGIN_TYPE_ID_BLOCK(peerage_messages, peerage::first_type_id)

PEERAGE_MESSAGE(peerage::peer_exit)
PEERAGE_MESSAGE(peerage::peer_info)
PEERAGE_MESSAGE(peerage::endpoint)

PEERAGE_MESSAGE(peerage::wire::block)
PEERAGE_MESSAGE(peerage::wire::tx)

PEERAGE_MESSAGE(peerage::measure_latency)
PEERAGE_MESSAGE(peerage::latency)
PEERAGE_MESSAGE(peerage::get_addresses)
PEERAGE_MESSAGE(peerage::addresses)
PEERAGE_MESSAGE(peerage::get_headers)
PEERAGE_MESSAGE(peerage::headers)
PEERAGE_MESSAGE(peerage::get_block_hashes)
PEERAGE_MESSAGE(peerage::block_hashes)
PEERAGE_MESSAGE(peerage::get_blocks)
PEERAGE_MESSAGE(peerage::blocks)
PEERAGE_MESSAGE(peerage::get_transactions)
PEERAGE_MESSAGE(peerage::transactions)
PEERAGE_MESSAGE(peerage::get_mempool)
PEERAGE_MESSAGE(peerage::transaction_ids)
PEERAGE_MESSAGE(peerage::send_transaction)
PEERAGE_MESSAGE(peerage::announce_transactions)
PEERAGE_MESSAGE(peerage::announce_block)
PEERAGE_MESSAGE(peerage::announce_addresses)

PEERAGE_MESSAGE(peerage::serve_headers)
PEERAGE_MESSAGE(peerage::serve_block_hashes)
PEERAGE_MESSAGE(peerage::serve_block)
PEERAGE_MESSAGE(peerage::serve_transaction)
PEERAGE_MESSAGE(peerage::serve_mempool)
PEERAGE_MESSAGE(peerage::serve_addresses)
PEERAGE_MESSAGE(peerage::inventory_announced)
PEERAGE_MESSAGE(peerage::headers_announced)
PEERAGE_MESSAGE(peerage::addresses_announced)
PEERAGE_MESSAGE(peerage::transaction_received)
PEERAGE_MESSAGE(peerage::block_received)

PEERAGE_MESSAGE(peerage::get_peer_snapshot)
PEERAGE_MESSAGE(peerage::peer_snapshot)
PEERAGE_MESSAGE(peerage::get_peer_set_snapshot)
PEERAGE_MESSAGE(peerage::peer_set_snapshot)
PEERAGE_MESSAGE(peerage::get_peer_snapshots)
PEERAGE_MESSAGE(peerage::peer_snapshots)
PEERAGE_MESSAGE(peerage::get_node_snapshot)
PEERAGE_MESSAGE(peerage::node_snapshot)

PEERAGE_MESSAGE(peerage::event)
PEERAGE_MESSAGE(peerage::get_events)
PEERAGE_MESSAGE(peerage::event_batch)
PEERAGE_MESSAGE(peerage::get_event_history)
PEERAGE_MESSAGE(peerage::get_peer_group)
PEERAGE_MESSAGE(peerage::peer_group)

CAF_END_TYPE_ID_BLOCK(peerage_messages)

#undef PEERAGE_MESSAGE
