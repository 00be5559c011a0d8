// SPDX-License-Identifier: MIT
#include "actors/peer/inbound_requests.hpp"

#include "actors/peer/push_addresses.hpp"
#include "messages/wire/limits.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace peerage {

namespace {

/// Entries of a getdata that can be served; the rest is skipped, as the network does.
bool is_servable(const wire::inventory_entry& x) {
  return x.is_block() || x.is_transaction() || x.type == wire::inv_compact_block;
}

} // namespace

void inbound_requests::add(item what, std::size_t bytes) {
  waiting_.push_back({std::move(what), bytes});
  bytes_ += bytes;
  settle();
}

std::optional<service_request> inbound_requests::next() {
  if (asked_ || waiting_.empty())
    return std::nullopt;
  asked_ = true;
  auto& front = waiting_.front().what;
  if (auto* single = std::get_if<service_request>(&front))
    return std::move(*single);
  return request_for(std::get<wire::getdata>(front).entries[position_]);
}

service_request inbound_requests::request_for(const wire::inventory_entry& entry) const {
  const bool witness = (entry.type & wire::inv_witness_flag) != 0;
  if (entry.is_transaction())
    return serve_transaction{peer_,
                             {entry.hash, entry.type == wire::inv_wtx},
                             witness || entry.type == wire::inv_wtx};
  // A compact block may be answered with the whole one (BIP 152).
  return serve_block{peer_, entry.hash, witness || entry.type == wire::inv_compact_block};
}

const service_request* inbound_requests::asked() const {
  return asked_ ? std::get_if<service_request>(&waiting_.front().what) : nullptr;
}

void inbound_requests::on_answer(const service_answer& answer) {
  if (!asked_)
    return;
  asked_ = false;
  auto& front = waiting_.front().what;
  if (auto* wanted = std::get_if<wire::getdata>(&front)) {
    answer_entry(wanted->entries[position_++], answer);
    return settle();
  }
  const auto& asked = std::get<service_request>(front);
  if (std::holds_alternative<serve_headers>(asked)) {
    // Always answered, if need be with none.
    wire::headers message;
    if (const auto* found = std::get_if<headers>(&answer))
      message.entries = found->entries;
    if (message.entries.size() > wire::limits::headers)
      message.entries.resize(wire::limits::headers);
    out_.push(message);
  } else if (const auto* hashes = std::get_if<block_hashes>(&answer)) {
    answer_hashes(hashes->entries);
  } else if (const auto* ids = std::get_if<transaction_ids>(&answer)) {
    wire::inv message;
    for (const auto& id : ids->entries)
      message.entries.push_back({id.is_wtxid ? wire::inv_wtx : wire::inv_tx, id.hash});
    if (!message.entries.empty())
      out_.push(message);
  } else if (const auto* found = std::get_if<addresses>(&answer)) {
    push_addresses(out_, addrv2_, found->entries);
  }
  pop_front();
  settle();
}

void inbound_requests::answer_hashes(const std::vector<wire::hash256>& found) {
  if (found.empty())
    return;
  wire::inv message;
  if (waiting_.front().is_our_own) {
    message.entries.push_back({wire::inv_block, found.back()});
  } else {
    for (const auto& hash : found)
      message.entries.push_back({wire::inv_block, hash});
    if (found.size() >= full_list)
      end_of_list_ = found.back();
  }
  out_.push(message);
}

void inbound_requests::answer_entry(const wire::inventory_entry& asked,
                                    const service_answer& answer) {
  if (const auto* block = std::get_if<wire::block>(&answer)) {
    out_.push(*block);
    if (end_of_list_ == asked.hash) {
      waiting_.insert(
        std::next(waiting_.begin()),
        {service_request{serve_block_hashes{peer_, {asked.hash}, {}}}, 0, true});
      end_of_list_.reset();
    }
  } else if (const auto* transaction = std::get_if<wire::tx>(&answer)) {
    out_.push(*transaction);
  } else {
    missing_.entries.push_back(asked);
  }
}

/// Deals with the front items until one is for the service.
void inbound_requests::settle() {
  while (!asked_ && !waiting_.empty()) {
    auto& front = waiting_.front().what;
    if (std::holds_alternative<service_request>(front))
      return;
    if (const auto* pong = std::get_if<wire::pong>(&front)) {
      out_.push(*pong);
    } else {
      const auto& entries = std::get<wire::getdata>(front).entries;
      while (position_ < entries.size() && !is_servable(entries[position_]))
        ++position_;
      if (position_ < entries.size())
        return;
      if (!missing_.entries.empty())
        out_.push(std::exchange(missing_, {}));
      position_ = 0;
    }
    pop_front();
  }
}

void inbound_requests::pop_front() {
  bytes_ -= waiting_.front().bytes;
  waiting_.pop_front();
}

bool inbound_requests::must_hold_pongs() const {
  return std::ranges::any_of(waiting_, [](const waiting_item& x) {
    if (std::holds_alternative<wire::pong>(x.what))
      return true;
    const auto* asked = std::get_if<service_request>(&x.what);
    return asked && (std::holds_alternative<serve_headers>(*asked) ||
                     std::holds_alternative<serve_block_hashes>(*asked));
  });
}

} // namespace peerage
