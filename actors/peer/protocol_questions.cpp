// SPDX-License-Identifier: MIT
#include "actors/peer/protocol.hpp"

#include <utility>

// Questions of the remote. The node answers them as far as its services go.

namespace peerage {

void protocol::on_question(wire::message& what, const wire::frame& frame) {
  using wire::command;
  switch (frame.type) {
  case command::getaddr: return on_getaddr(frame);
  case command::getdata: return on_getdata(std::get<wire::getdata>(what), frame);
  case command::getheaders: {
    auto& asked = std::get<wire::getheaders>(what);
    return hand_over(
      service_request{serve_headers{info_.id, std::move(asked.locator), asked.stop}},
      frame);
  }
  case command::getblocks: {
    auto& asked = std::get<wire::getblocks>(what);
    return hand_over(
      service_request{serve_block_hashes{info_.id, std::move(asked.locator), asked.stop}},
      frame);
  }
  case command::mempool:
    if (!offers(wire::node_bloom))
      return end_with(peer_exit::unoffered_service);
    return hand_over(service_request{serve_mempool{info_.id}}, frame);
  default: break;
  }
}

/// Answered once, and only to inbound peers: others could read our book by it.
void protocol::on_getaddr(const wire::frame& frame) {
  if (info_.direction == peer_direction::outbound ||
      std::exchange(addresses_served_, true))
    return count(ignored::repeated_getaddr);
  hand_over(service_request{serve_addresses{info_.id}}, frame);
}

void protocol::on_getdata(wire::getdata& wanted, const wire::frame& frame) {
  for (const auto& entry : wanted.entries)
    if (!entry.is_block() && !entry.is_transaction() &&
        entry.type != wire::inv_compact_block)
      count(ignored::unknown_inventory);
  hand_over(std::move(wanted), frame);
}

void protocol::on_opaque(wire::command type) {
  using wire::command;
  switch (type) {
  case command::filterload:
  case command::filteradd:
  case command::filterclear:
    if (!offers(wire::node_bloom))
      end_with(peer_exit::unoffered_service);
    else
      count(ignored::obsolete);
    break;
  case command::getcfilters:
  case command::getcfheaders:
  case command::getcfcheckpt:
    if (!offers(wire::node_compact_filters))
      end_with(peer_exit::unoffered_service);
    else
      count(ignored::obsolete);
    break;
  case command::getblocktxn: count(ignored::obsolete); break;
  default: count(ignored::unsolicited); // unsolicited answers
  }
}

} // namespace peerage
