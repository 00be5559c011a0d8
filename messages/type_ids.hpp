#pragma once

#include "messages/events.hpp"
#include "messages/inbound.hpp"
#include "messages/requests.hpp"
#include "messages/snapshots.hpp"

#include <caf/type_id.hpp>

/// Everything in messages/ that an actor can receive, here or from another process. If
/// you add a message, add it here and to the round-trip test.
CAF_BEGIN_TYPE_ID_BLOCK(peerage_messages, caf::first_custom_type_id)

CAF_ADD_TYPE_ID(peerage_messages, (peerage::peer_exit))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::peer_info))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::endpoint))

CAF_ADD_TYPE_ID(peerage_messages, (peerage::wire::block))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::wire::tx))

CAF_ADD_TYPE_ID(peerage_messages, (peerage::measure_latency))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::latency))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::get_addresses))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::addresses))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::get_headers))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::headers))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::get_block_hashes))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::block_hashes))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::get_blocks))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::blocks))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::get_transactions))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::transactions))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::get_mempool))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::transaction_ids))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::send_transaction))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::announce_transactions))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::announce_block))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::announce_addresses))

CAF_ADD_TYPE_ID(peerage_messages, (peerage::serve_headers))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::serve_block_hashes))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::serve_block))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::serve_transaction))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::serve_mempool))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::serve_addresses))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::inventory_announced))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::headers_announced))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::addresses_announced))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::transaction_received))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::block_received))

CAF_ADD_TYPE_ID(peerage_messages, (peerage::get_peer_snapshot))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::peer_snapshot))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::get_peer_set_snapshot))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::peer_set_snapshot))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::get_peer_snapshots))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::peer_snapshots))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::get_node_snapshot))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::node_snapshot))

CAF_ADD_TYPE_ID(peerage_messages, (peerage::event))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::get_events))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::event_batch))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::get_event_history))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::get_peer_group))
CAF_ADD_TYPE_ID(peerage_messages, (peerage::peer_group))

CAF_END_TYPE_ID_BLOCK(peerage_messages)
