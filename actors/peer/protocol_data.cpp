// SPDX-License-Identifier: MIT
#include "actors/peer/protocol.hpp"

#include "messages/wire/addresses.hpp"
#include "messages/wire/header_work.hpp"

#include <utility>

// Data of the remote: answers to requests of ours, or news for the node.

namespace peerage {

void protocol::on_data(wire::message& what, const wire::frame& frame, time_point now) {
  using wire::command;
  switch (frame.type) {
  case command::headers: return on_headers(std::get<wire::headers>(what), frame);
  case command::block: return on_block(std::get<wire::block>(what), frame, now);
  case command::tx: return on_transaction(std::get<wire::tx>(what), frame, now);
  case command::addr: {
    std::vector<wire::network_address> entries;
    for (const auto& entry : std::get<wire::addr>(what).entries)
      entries.push_back(wire::to_network_address(entry));
    return on_addresses(std::move(entries), frame);
  }
  case command::addrv2:
    return on_addresses(std::move(std::get<wire::addrv2>(what).entries), frame);
  case command::inv: return on_inventory(std::get<wire::inv>(what), frame);
  case command::notfound:
    if (!outgoing_ || !outgoing_->on_notfound(std::get<wire::notfound>(what).entries))
      count(ignored::unsolicited);
    return;
  default: break;
  }
}

void protocol::on_headers(wire::headers& message, const wire::frame& frame) {
  auto& entries = message.entries;
  switch (wire::fault_of(entries, rules_->network.easiest_bits)) {
  case wire::header_fault::without_work: return end_with(peer_exit::header_without_work);
  case wire::header_fault::not_linked: return end_with(peer_exit::headers_not_linked);
  case wire::header_fault::none: break;
  }
  if (outgoing_ && outgoing_->on_headers(entries))
    return;
  count(ignored::unsolicited);
  offer_blocks(entries);
  if (!entries.empty())
    hand_over(service_request{headers_announced{info_.id, std::move(entries)}}, frame);
}

void protocol::on_block(wire::block& body, const wire::frame& frame, time_point now) {
  if (outgoing_ && outgoing_->on_block(body)) {
    last_block_ = rules_->wall.date(now);
    return;
  }
  count(ignored::unsolicited);
  body.bytes = body.bytes.compact(); // not the whole read that it came in
  hand_over(service_request{block_received{info_.id, std::move(body)}}, frame);
}

void protocol::on_transaction(wire::tx& body, const wire::frame& frame, time_point now) {
  if (outgoing_ && outgoing_->on_transaction(body)) {
    last_transaction_ = rules_->wall.date(now);
    return;
  }
  count(ignored::unsolicited);
  body.bytes = body.bytes.compact(); // not the whole read that it came in
  hand_over(service_request{transaction_received{info_.id, std::move(body)}}, frame);
}

void protocol::on_addresses(std::vector<wire::network_address> entries,
                            const wire::frame& frame) {
  if (outgoing_ && outgoing_->on_addresses(entries))
    return;
  if (!entries.empty())
    hand_over(service_request{addresses_announced{info_.id, std::move(entries)}}, frame);
}

/// Nodes may announce blocks by their headers (BIP 130).
void protocol::offer_blocks(const std::vector<wire::block_header>& announced) {
  if (!outgoing_ || !outgoing_->wants_items())
    return;
  std::vector<wire::inventory_entry> offered;
  offered.reserve(announced.size());
  for (const auto& header : announced)
    offered.push_back({wire::inv_block, header.hash()});
  outgoing_->on_offered(offered);
}

void protocol::on_inventory(wire::inv& message, const wire::frame& frame) {
  auto unknown = std::erase_if(
    message.entries, [](const wire::inventory_entry& x) { return !x.is_announcement(); });
  if (unknown > 0)
    count(ignored::unknown_inventory);
  if (outgoing_ && outgoing_->on_inventory(message.entries))
    return;
  if (outgoing_)
    outgoing_->on_offered(message.entries);
  if (!message.entries.empty())
    hand_over(service_request{inventory_announced{info_.id, std::move(message.entries)}},
              frame);
}

} // namespace peerage
