// SPDX-License-Identifier: MIT
#include "actors/peer/item_fetches.hpp"

#include "messages/checks/mutant.hpp"

#include <algorithm>
#include <utility>

namespace peerage {

// -- starting --------------------------------------------------------------------------

void item_fetches::start(request_id id, const get_blocks& what, time_point deadline) {
  std::vector<transaction_id> ids;
  ids.reserve(what.hashes.size());
  for (const auto& hash : what.hashes)
    ids.push_back({hash, false});
  start(id, true, ids, deadline);
}

void item_fetches::start(request_id id, const get_transactions& what,
                         time_point deadline) {
  start(id, false, what.ids, deadline);
}

void item_fetches::start(request_id id, bool of_blocks,
                         const std::vector<transaction_id>& ids, time_point deadline) {
  fetch next{id, of_blocks, {}, 0, 0, deadline};
  std::vector<item_key> keys;
  keys.reserve(ids.size());
  for (const auto& item : ids) {
    next.items.push_back({item, false, {}});
    keys.push_back(key_of(next, next.items.back()));
    wanted_[keys.back()].waiters.push_back({id, next.items.size() - 1});
  }
  next.unsettled = next.items.size();
  fetches_.push_back(std::move(next));
  ask(keys);
  if (ids.empty())
    finish(fetches_.size() - 1);
}

std::optional<item_fetches::item_key>
item_fetches::key_of(const wire::inventory_entry& entry) {
  if (entry.is_block())
    return item_key{entry.hash, item_kind::block};
  if (entry.is_transaction())
    return item_key{entry.hash,
                    entry.type == wire::inv_wtx ? item_kind::wtxid : item_kind::txid};
  return std::nullopt;
}

item_fetches::item_key item_fetches::key_of(const fetch& of, const fetch_item& item) {
  if (of.of_blocks)
    return {item.id.hash, item_kind::block};
  return {item.id.hash, item.id.is_wtxid ? item_kind::wtxid : item_kind::txid};
}

/// Sends getdata for those of the items that are wanted, and not asked for.
void item_fetches::ask(const std::vector<item_key>& items) {
  const bool witness = (services_ & wire::node_witness) != 0;
  auto type_of = [witness](item_kind kind) {
    switch (kind) {
    case item_kind::block: return witness ? wire::inv_witness_block : wire::inv_block;
    case item_kind::txid: return witness ? wire::inv_witness_tx : wire::inv_tx;
    case item_kind::wtxid: break;
    }
    return wire::inv_wtx;
  };
  wire::getdata message;
  for (const auto& item : items)
    if (auto found = wanted_.find(item);
        found != wanted_.end() && !std::exchange(found->second.asked, true))
      message.entries.push_back({type_of(item.kind), item.hash});
  if (!message.entries.empty())
    out_.push(message);
}

// -- what came in ----------------------------------------------------------------------

bool item_fetches::on_block(const wire::block& body) {
  if (is_on(mutant::late_block_completes_next) && !wanted_.empty())
    return settle(item_key{wanted_.begin()->first}, body.bytes.compact());
  return !wanted_.empty() &&
         settle({body.hash(), item_kind::block}, body.bytes.compact());
}

bool item_fetches::on_transaction(const wire::tx& body) {
  if (wanted_.empty())
    return false;
  auto bytes = body.bytes.compact(); // not the whole read that it came in
  auto by_wtxid = settle({body.wtxid(), item_kind::wtxid}, bytes);
  auto by_txid = settle({body.txid(), item_kind::txid}, bytes);
  return by_wtxid || by_txid;
}

bool item_fetches::on_notfound(const std::vector<wire::inventory_entry>& entries) {
  bool ours = false;
  for (const auto& entry : entries)
    if (auto what = key_of(entry))
      ours |= settle(*what, {});
  return ours;
}

void item_fetches::on_offered(const std::vector<wire::inventory_entry>& entries) {
  if (wanted_.empty())
    return;
  std::vector<item_key> again;
  for (const auto& entry : entries)
    if (auto what = key_of(entry))
      if (auto found = wanted_.find(*what);
          found != wanted_.end() && !std::exchange(found->second.offered, true)) {
        found->second.asked = false;
        again.push_back(*what);
      }
  ask(again);
}

/// All requests that want this item get the body, or learn that it is missing.
bool item_fetches::settle(const item_key& what, const wire::slice& body) {
  auto wanted = wanted_.extract(what);
  if (!wanted)
    return false;
  for (const auto& taker : wanted.mapped().waiters) {
    auto found = std::ranges::find(fetches_, taker.id, &fetch::id);
    if (found == fetches_.end())
      continue; // ended by the byte limit a moment ago
    auto index = static_cast<std::size_t>(found - fetches_.begin());
    auto& item = found->items[taker.item];
    item.settled = true;
    item.body = body;
    found->bytes += body.held();
    held_bytes_ += body.held();
    if (--found->unsettled == 0) {
      finish(index);
    } else if (held_bytes_ > max_held_bytes) {
      fail(found->id, caf::make_error(request_error::overloaded));
      drop(index);
    }
  }
  ask(std::exchange(left_behind_, {}));
  return true;
}

// -- ending ----------------------------------------------------------------------------

void item_fetches::finish(std::size_t index) {
  auto& done = fetches_[index];
  auto missing = std::ranges::all_of(
    done.items, [](const fetch_item& item) { return item.body.empty(); });
  // An item that is not settled at the end had no answer, and gets no entry.
  auto fill = [&](auto result, auto entry_of) {
    for (auto& item : done.items)
      if (item.settled)
        result.entries.push_back(entry_of(item));
    complete(done.id, std::move(result));
  };
  if (missing && !done.items.empty())
    fail(done.id,
         caf::make_error(done.unsettled > 0 && !is_on(mutant::timeout_taken_as_not_found)
                           ? request_error::timeout
                           : request_error::not_found));
  else if (done.of_blocks)
    fill(blocks{}, [](const fetch_item& x) {
      return fetched_block{x.id.hash, !x.body.empty(), {x.body}};
    });
  else
    fill(transactions{}, [](const fetch_item& x) {
      return fetched_transaction{x.id, !x.body.empty(), {x.body}};
    });
  drop(index);
}

void item_fetches::drop(std::size_t index) {
  const auto& ended = fetches_[index];
  if (ended.unsettled > 0)
    for (const auto& item : ended.items)
      if (!item.settled)
        leave(ended, key_of(ended, item));
  held_bytes_ -= ended.bytes;
  fetches_.erase(fetches_.begin() + static_cast<std::ptrdiff_t>(index));
}

/// `ended` no longer waits for the item; others may.
void item_fetches::leave(const fetch& ended, const item_key& what) {
  auto found = wanted_.find(what);
  if (found == wanted_.end())
    return;
  auto& [waiters, asked, offered] = found->second;
  const bool was_for_it = !waiters.empty() && waiters.front().id == ended.id;
  std::erase_if(waiters, [&](const waiter& x) { return x.id == ended.id; });
  if (waiters.empty()) {
    wanted_.erase(found);
  } else if (was_for_it) {
    asked = offered = false;
    left_behind_.push_back(what);
  }
}

bool item_fetches::cancel(request_id id) {
  auto found = std::ranges::find(fetches_, id, &fetch::id);
  if (found == fetches_.end())
    return false;
  drop(static_cast<std::size_t>(found - fetches_.begin()));
  ask(std::exchange(left_behind_, {}));
  return true;
}

void item_fetches::on_tick(time_point now) {
  for (std::size_t i = fetches_.size(); i-- > 0;)
    if (fetches_[i].deadline <= now)
      finish(i);
  ask(std::exchange(left_behind_, {}));
}

std::optional<time_point> item_fetches::next_deadline() const {
  if (fetches_.empty())
    return std::nullopt;
  return std::ranges::min_element(fetches_, {}, &fetch::deadline)->deadline;
}

} // namespace peerage
