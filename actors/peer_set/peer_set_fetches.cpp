// SPDX-License-Identifier: MIT
#include "actors/peer_set/peer_set_fetches.hpp"

#include "actors/peer_set/peer_set_counts.hpp"
#include "actors/peer_set/send_routed.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

namespace peerage::routing {

namespace {

/// The most entries noted of one inv.
constexpr std::size_t max_noted = 100;

using fetch_ptr = std::shared_ptr<peer_set_state::fetch>;

/// A fetch waits this long behind its deadline for shares that end with it.
constexpr std::chrono::milliseconds last_words{50};

void advance(self_pointer self, std::uint64_t number, const fetch_ptr& fetch,
             std::vector<share_request>&& shares);

/// Applies `step` to the fetches of this kind; some may end by it.
template <class Step>
void advance_all(self_pointer self, request_kind kind, Step step) {
  struct change {
    std::uint64_t number;
    fetch_ptr fetch;
    std::vector<share_request> shares;
  };
  std::vector<change> changes;
  for (const auto& [number, fetch] : self->state.fetches)
    if (fetch->kind == kind)
      if (auto shares = step(fetch->plan); !shares.empty() || fetch->plan.finished())
        changes.push_back({number, fetch, std::move(shares)});
  for (auto& x : changes)
    advance(self, x.number, x.fetch, std::move(x.shares));
}

/// The items that a peer neither sent nor denied until its deadline.
std::vector<transaction_id> without_word(const std::vector<transaction_id>& asked,
                                         const blocks& answer) {
  auto result = asked;
  std::erase_if(result, [&](const transaction_id& x) {
    return std::ranges::find(answer.entries, x.hash, &fetched_block::hash) !=
           answer.entries.end();
  });
  return result;
}

std::vector<transaction_id> without_word(const std::vector<transaction_id>& asked,
                                         const transactions& answer) {
  auto result = asked;
  std::erase_if(result, [&](const transaction_id& x) {
    return std::ranges::find(answer.entries, x, &fetched_transaction::id) !=
           answer.entries.end();
  });
  return result;
}

template <class Reply, class Request>
void send_share(self_pointer self, std::uint64_t number, const fetch_ptr& fetch,
                share_request&& share, Request&& what) {
  auto& fresh = fetch->fresh;
  auto route = std::ranges::find(fresh, share.peer, &routed_request::peer);
  const auto started = *route;
  fresh.erase(route);
  send_routed<Reply>(
    self, started, std::forward<Request>(what),
    [self, number, fetch, share](std::variant<reply, caf::error>&& result) {
      if (fetch->cancelled)
        return;
      auto now = self->clock().now();
      std::vector<transaction_id> unanswered;
      if (auto* value = std::get_if<reply>(&result)) {
        const auto& answer = std::get<Reply>(*value);
        unanswered = without_word(share.items, answer);
        advance(self, number, fetch, fetch->plan.on_reply(share.id, answer, now));
      } else {
        const auto why = outcome_of(std::get<caf::error>(result));
        if (why == request_error::timeout)
          unanswered = share.items;
        advance(self, number, fetch, fetch->plan.on_failure(share.id, why, now));
      }
      // Others may wait for the same items from the same peer, which has asked for them
      // once for all: they look for another one.
      if (!unanswered.empty())
        advance_all(self, fetch->kind, [&](block_fetch& plan) {
          return plan.on_unanswered(share.peer, unanswered, now);
        });
    },
    fetch->caller);
}

void finish(self_pointer self, std::uint64_t number, const fetch_ptr& fetch) {
  auto& state = self->state;
  if (state.fetches.erase(number) == 0)
    return; // done before; a late share has come
  self->send(state.context->alarms, cancel_alarm{number});
  auto give = [&](auto&& found) {
    if (auto* why = std::get_if<request_error>(&found))
      fetch->caller->fail(caf::make_error(*why));
    else
      fetch->caller->deliver(reply{std::move(std::get<0>(found))});
  };
  if (fetch->kind == request_kind::get_blocks)
    give(fetch->plan.found_blocks());
  else
    give(fetch->plan.found_transactions());
}

/// Sends what the plan wants sent, and ends the fetch if it is over.
void advance(self_pointer self, std::uint64_t number, const fetch_ptr& fetch,
             std::vector<share_request>&& shares) {
  auto& state = self->state;
  auto now = self->clock().now();
  for (const auto& x : fetch->plan.take_missing())
    state.routes.missing(x.peer, x.hash, now);
  for (auto& share : shares) {
    if (fetch->kind == request_kind::get_blocks) {
      get_blocks what{{}, share.timeout};
      for (const auto& item : share.items)
        what.hashes.push_back(item.hash);
      send_share<blocks>(self, number, fetch, std::move(share), std::move(what));
    } else {
      get_transactions what{share.items, share.timeout};
      send_share<transactions>(self, number, fetch, std::move(share), std::move(what));
    }
  }
  publish(self);
  if (fetch->plan.finished())
    return finish(self, number, fetch);
  if (auto next = fetch->plan.next_event()) {
    // Its shares end at the same time, and with what they bring it ends by itself.
    const bool is_last = *next >= fetch->plan.deadline();
    self->send(state.context->alarms,
               set_alarm{number, is_last ? *next + last_words : *next});
  }
}

} // namespace

void start_fetch(self_pointer self, const std::vector<transaction_id>& ids,
                 request_kind kind, time_point deadline, const caller_ptr& caller) {
  auto& state = self->state;
  if (ids.size() > max_items_per_request)
    return caller->fail(caf::make_error(request_error::overloaded));
  auto now = self->clock().now();
  fetch_options options;
  options.deadline = deadline;
  options.peers = std::max<std::size_t>(state.routes.counts().ready, 1);
  options.hedge_after =
    state.routes.latency_percentile(kind, 0.95).value_or(caf::timespan::zero());
  auto number = state.fetches.next_number();
  // The plan is part of what the chooser needs, so it gets the fetch by its number.
  auto chooser = [self, number, kind](const transaction_id& first,
                                      std::span<const peer_id> excluded) {
    auto& routes = self->state.routes;
    auto moment = self->clock().now();
    auto found = routes.choose_for_item(first.hash, kind, moment,
                                        self->state.context->random, 0, excluded);
    if (found.peer)
      self->state.fetches.at(number)->fresh.push_back(
        routes.started(*found.peer, kind, moment));
    return found;
  };
  auto fetch = std::make_shared<peer_set_state::fetch>(
    peer_set_state::fetch{block_fetch{ids, options, chooser}, caller, kind, {}, false});
  state.fetches.emplace(number, fetch);
  advance(self, number, fetch, fetch->plan.start(now));
}

void note_inventory(self_pointer self, const inventory_announced& what) {
  auto& state = self->state;
  auto now = self->clock().now();
  const auto noted =
    std::span{what.entries}.first(std::min(what.entries.size(), max_noted));
  for (const auto& entry : noted)
    state.routes.announced(what.peer, entry.hash, now);
  for (const auto kind : {request_kind::get_blocks, request_kind::get_transactions}) {
    std::vector<transaction_id> offered;
    for (const auto& entry : noted)
      if (kind == request_kind::get_blocks ? entry.is_block() : entry.is_transaction())
        offered.push_back({entry.hash, entry.type == wire::inv_wtx});
    if (!offered.empty())
      advance_all(self, kind, [&](block_fetch& plan) {
        return plan.on_offered(what.peer, offered, now);
      });
  }
}

void use_newcomer_for_fetches(self_pointer self) {
  const auto now = self->clock().now();
  for (const auto kind : {request_kind::get_blocks, request_kind::get_transactions})
    advance_all(self, kind, [now](block_fetch& plan) { return plan.on_tick(now); });
}

void on_fetch_alarm(self_pointer self, std::uint64_t number) {
  auto& state = self->state;
  auto found = state.fetches.find(number);
  if (found == state.fetches.end())
    return;
  auto fetch = found->second;
  advance(self, number, fetch, fetch->plan.on_tick(self->clock().now()));
}

} // namespace peerage::routing
