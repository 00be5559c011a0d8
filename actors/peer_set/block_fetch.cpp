// SPDX-License-Identifier: MIT
#include "actors/peer_set/block_fetch.hpp"

#include <algorithm>
#include <array>

namespace peerage {

namespace {

/// From the least telling to the most. Errors that a retry elsewhere could change rank
/// above `not_found`, which is final.
int rank_of(request_error x) {
  constexpr std::array by_rank{request_error::no_ready_peer, request_error::not_found,
                               request_error::cancelled,     request_error::peer_gone,
                               request_error::overloaded,    request_error::timeout,
                               request_error::shutting_down};
  return static_cast<int>(std::ranges::find(by_rank, x) - by_rank.begin());
}

bool contains(const std::vector<peer_id>& these, peer_id x) {
  return std::ranges::find(these, x) != these.end();
}

} // namespace

std::vector<transaction_id> items_of(const get_blocks& x) {
  std::vector<transaction_id> result;
  result.reserve(x.hashes.size());
  for (const auto& hash : x.hashes)
    result.push_back({hash, false});
  return result;
}

block_fetch::block_fetch(const std::vector<transaction_id>& wanted,
                         const fetch_options& options, chooser choose)
    : options_(options), choose_(std::move(choose)) {
  if (wanted.size() > max_items_per_request) {
    note(request_error::overloaded);
    finish();
    return;
  }
  for (const auto& id : wanted) {
    auto [at, added] = by_id_.try_emplace({id.hash, id.is_wtxid}, items_.size());
    if (added) {
      waiting_.push_back(items_.size());
      items_.emplace_back().id = id;
    }
    positions_.push_back(at->second);
  }
  open_ = items_.size();
  const auto peers = std::max<std::size_t>(options_.peers, 1);
  share_size_ = std::clamp<std::size_t>((open_ + peers - 1) / peers, 1, max_share);
}

std::vector<share_request> block_fetch::start(time_point now) {
  if (options_.hedge_after <= caf::timespan::zero())
    options_.hedge_after = (options_.deadline - now) / 4;
  options_.hedge_after =
    std::max<caf::timespan>(options_.hedge_after, std::chrono::milliseconds{1});
  return on_tick(now);
}

// -- answers ---------------------------------------------------------------------------

std::vector<share_request> block_fetch::on_reply(share_id id, const blocks& answer,
                                                 time_point now) {
  auto id_of = [](const fetched_block& x) { return transaction_id{x.hash, false}; };
  return take_in(id, answer.entries, id_of, now);
}

std::vector<share_request> block_fetch::on_reply(share_id id, const transactions& answer,
                                                 time_point now) {
  return take_in(id, answer.entries, std::mem_fn(&fetched_transaction::id), now);
}

template <class Entries, class Id>
std::vector<share_request> block_fetch::take_in(share_id id, const Entries& entries,
                                                Id id_of, time_point now) {
  auto ended = end_share(id);
  if (!ended)
    return {};
  for (auto index : ended->items) {
    auto& x = items_[index];
    auto entry =
      std::ranges::find_if(entries, [&](const auto& y) { return id_of(y) == x.id; });
    if (entry == entries.end())
      continue; // no answer: asked elsewhere, but not known to be missing
    if (entry->available && !entry->body.bytes.empty())
      found(x, entry->body.bytes);
    else
      not_there(x, ended->peer);
  }
  return advance(now);
}

std::vector<share_request> block_fetch::on_failure(share_id id, request_error why,
                                                   time_point now) {
  auto ended = end_share(id);
  if (!ended)
    return {};
  if (why == request_error::not_found)
    for (auto index : ended->items)
      not_there(items_[index], ended->peer);
  else
    note(why);
  return advance(now);
}

/// Takes a share out; its open items go back to the pile.
std::optional<block_fetch::share> block_fetch::end_share(share_id id) {
  auto at = std::ranges::find(shares_, id, &share::id);
  if (finished_ || at == shares_.end())
    return std::nullopt;
  auto result = std::move(*at);
  shares_.erase(at);
  for (auto index : result.items) {
    auto& x = items_[index];
    --x.shares;
    if (!result.late && --x.punctual == 0 && x.open())
      waiting_.push_back(index);
  }
  return result;
}

void block_fetch::found(item& x, const wire::slice& body) {
  if (!x.open())
    return; // another share was faster
  x.body = body;
  bytes_ += body.held();
  --open_;
}

void block_fetch::not_there(const item& x, peer_id peer) {
  missing_.push_back({peer, x.id.hash});
  note(request_error::not_found);
}

std::vector<share_request> block_fetch::on_offered(peer_id peer,
                                                   std::span<const transaction_id> items,
                                                   time_point now) {
  if (finished_)
    return {};
  bool news = false;
  for (const auto& id : items) {
    auto known = by_id_.find({id.hash, id.is_wtxid});
    if (known == by_id_.end())
      continue;
    const auto index = known->second;
    auto& x = items_[index];
    // The CONNECTION itself repeats what the peer is being asked for.
    if (!x.body.empty() || contains(x.offered, peer) || is_asking(peer, index))
      continue;
    news = true;
    x.offered.push_back(peer);
    std::erase(x.asked, peer);
    if (std::exchange(x.given_up, false)) {
      ++open_;
      waiting_.push_back(index);
    }
  }
  return news ? advance(now) : std::vector<share_request>{};
}

std::vector<share_request>
block_fetch::on_unanswered(peer_id peer, std::span<const transaction_id> items,
                           time_point now) {
  if (finished_)
    return {};
  auto is_one = [&](item_index index) {
    return std::ranges::find(items, items_[index].id) != items.end();
  };
  for (auto& x : shares_)
    if (x.peer == peer && !x.late && std::ranges::any_of(x.items, is_one)) {
      mark_late(x);
      return advance(now); // a peer has one share that is not late
    }
  return {};
}

bool block_fetch::is_asking(peer_id peer, item_index what) const {
  return std::ranges::any_of(shares_, [&](const share& x) {
    return x.peer == peer && std::ranges::find(x.items, what) != x.items.end();
  });
}

// -- dealing out -----------------------------------------------------------------------

std::vector<share_request> block_fetch::advance(time_point now, bool waits) {
  if (bytes_ > max_bytes) {
    for (auto& x : items_)
      x.body = {};
    telling_ = request_error::overloaded;
    finish();
    return {};
  }
  std::erase_if(waiting_, [&](item_index index) {
    auto& x = items_[index];
    if (x.open() && x.shares == 0 && !may_ask(x))
      give_up(x);
    return !x.open();
  });
  if (open_ > 0 && options_.deadline <= now) {
    note(request_error::timeout);
    if (!waits || shares_.empty())
      finish();
    return {};
  }
  auto result = deal(now);
  // Nothing is under way that could free a peer for what is left.
  if (shares_.empty())
    for (auto index : std::exchange(waiting_, {}))
      give_up(items_[index]);
  if (open_ == 0)
    finish();
  return result;
}

/// Makes shares of the pile, each led by an item that a peer was found for and filled up
/// with others that were not asked from that peer. Items without a peer stay.
std::vector<share_request> block_fetch::deal(time_point now) {
  std::vector<share_request> result;
  auto pile = std::exchange(waiting_, {});
  auto room = max_shares - std::min<std::size_t>(
                             max_shares, static_cast<std::size_t>(std::ranges::count(
                                           shares_, false, &share::late)));
  bool exhausted = false;
  while (!pile.empty() && room > 0) {
    const auto first = pile.front();
    const auto& lead = items_[first];
    choice chosen;
    // Where one fresh item found no peer, the next hundreds need not try: they wait for
    // the shares under way.
    const bool hopeless = exhausted && lead.asked.empty() && !shares_.empty();
    if (may_ask(lead) && !hopeless) {
      chosen = choose_(lead.id, excluded_for(lead));
      if (!chosen.peer && shares_.empty())
        note(chosen.why);
      exhausted |=
        !chosen.peer && lead.asked.empty() && chosen.why != request_error::not_found;
    }
    if (!chosen.peer) {
      waiting_.push_back(first);
      pile.erase(pile.begin());
      continue;
    }
    std::vector<item_index> taken, rest;
    for (auto index : pile) {
      const auto& x = items_[index];
      const bool take =
        taken.size() < share_size_ && may_ask(x) && !contains(x.asked, *chosen.peer);
      (take ? taken : rest).push_back(index);
    }
    pile = std::move(rest);
    result.push_back(open_share(*chosen.peer, std::move(taken), now));
    --room;
  }
  waiting_.insert(waiting_.end(), pile.begin(), pile.end());
  return result;
}

share_request block_fetch::open_share(peer_id peer, std::vector<item_index> items,
                                      time_point now) {
  share_request result{++last_share_, peer, {}, options_.deadline - now};
  for (auto index : items) {
    auto& x = items_[index];
    x.asked.push_back(peer);
    ++x.shares;
    ++x.punctual;
    result.items.push_back(x.id);
  }
  shares_.push_back({result.id, peer, std::move(items), now + options_.hedge_after});
  return result;
}

std::vector<peer_id> block_fetch::excluded_for(const item& x) const {
  auto result = x.asked;
  for (const auto& y : shares_)
    if (!contains(result, y.peer))
      result.push_back(y.peer);
  return result;
}

// -- time ------------------------------------------------------------------------------

std::vector<share_request> block_fetch::on_tick(time_point now) {
  if (finished_)
    return {};
  for (auto& x : shares_)
    if (x.late_at <= now)
      mark_late(x);
  return advance(now, false);
}

void block_fetch::mark_late(share& x) {
  if (std::exchange(x.late, true))
    return;
  for (auto index : x.items)
    if (--items_[index].punctual == 0 && items_[index].open())
      waiting_.push_back(index);
}

std::optional<time_point> block_fetch::next_event() const {
  if (finished_)
    return std::nullopt;
  auto result = options_.deadline;
  for (const auto& x : shares_)
    if (!x.late)
      result = std::min(result, x.late_at);
  return result;
}

// -- the end ---------------------------------------------------------------------------

void block_fetch::give_up(item& x) {
  x.given_up = true;
  --open_;
}

void block_fetch::note(request_error why) {
  if (rank_of(why) > rank_of(telling_))
    telling_ = why;
}

void block_fetch::finish() {
  finished_ = true;
  waiting_.clear();
}

std::vector<share_id> block_fetch::abandoned() const {
  std::vector<share_id> result;
  if (finished_)
    for (const auto& x : shares_)
      result.push_back(x.id);
  return result;
}

template <class Reply, class Entry>
std::variant<Reply, request_error> block_fetch::result(Entry entry_of) const {
  const auto is_found = [](const item& x) { return !x.body.empty(); };
  // A request for nothing lacks nothing.
  const bool trivial = positions_.empty() && telling_ == request_error::no_ready_peer;
  if (!trivial && std::ranges::none_of(items_, is_found))
    return telling_;
  Reply found;
  for (auto index : positions_)
    found.entries.push_back(entry_of(items_[index], is_found(items_[index])));
  return found;
}

std::variant<blocks, request_error> block_fetch::found_blocks() const {
  return result<blocks>([](const item& x, bool available) {
    return fetched_block{x.id.hash, available, {x.body}};
  });
}

std::variant<transactions, request_error> block_fetch::found_transactions() const {
  return result<transactions>([](const item& x, bool available) {
    return fetched_transaction{x.id, available, {x.body}};
  });
}

} // namespace peerage
