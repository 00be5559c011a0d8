// SPDX-License-Identifier: MIT
#include "actors/peer_set/peer_set_requests.hpp"

#include "actors/base/gathering.hpp"
#include "actors/peer_set/peer_set_counts.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <span>

namespace peerage::routing {

namespace {

using caller_ptr = std::shared_ptr<pending_reply>;

/// A peer is not asked for addresses twice within this time (zebra's
/// MIN_PEER_GET_ADDR_INTERVAL; most nodes answer a connection only once anyway).
constexpr std::chrono::seconds getaddr_interval{31};

/// The most entries noted of one inv.
constexpr std::size_t max_noted = 100;

/// The kind of a request.
template <class Request>
request_kind kind_of_type() {
  return kind_of(request{Request{}});
}

/// A client that ends between two messages answers by a code of CAF's.
caf::error normalised(caf::error&& why) {
  if (why && why.category() == caf::atom("request"))
    return std::move(why);
  return caf::make_error(outcome_of(why), exit_of(why));
}

/// Sends the announcements that wait for this peer, if it is ready again.
void send_deferred(self_pointer self, peer_id peer);

/// Sends the held requests of this kind that can go now.
void send_held(self_pointer self, request_kind kind);

/// A peer has room again: held requests that only lacked that can go.
void use_room(self_pointer self) {
  const auto& held = self->state.held;
  for (std::size_t i = 0; i < request_kind_count && !held.empty(); ++i)
    if (const auto kind = static_cast<request_kind>(i);
        held.holds(kind) && held.why(kind) == request_error::overloaded)
      send_held(self, kind);
}

/// A routed request has ended, one way or the other.
void ended(self_pointer self, const routed_request& route,
           std::optional<request_error> failure) {
  auto& state = self->state;
  --state.under_way;
  state.context->counters.requests.observe(
    std::chrono::duration<double>(self->clock().now() - route.sent).count());
  if (state.routes.finished(route, self->clock().now(), failure))
    send_deferred(self, route.peer);
  use_room(self);
  publish(self);
}

/// Sends a request that was counted as started; `done` gets its outcome. `caller` may
/// cancel it, if there is one.
template <class Reply, class Request, class Done>
void send_routed(self_pointer self, const routed_request& route, Request&& what,
                 Done done, const caller_ptr& caller = nullptr) {
  auto& state = self->state;
  ++state.under_way;
  const auto& client = state.members.at(route.peer).client;
  auto response = self->request(client, caf::infinite, std::forward<Request>(what));
  const auto number = state.questions.next_number();
  if (caller)
    state.questions.emplace(
      number,
      peer_set_state::question{caller, client.address(), response.id().integer_value()});
  auto failed = [self, route, done, number](caf::error& why) {
    self->state.questions.erase(number);
    ended(self, route, outcome_of(why));
    done(std::variant<reply, caf::error>{normalised(std::move(why))});
    quit_if_done(self);
  };
  if constexpr (std::is_void_v<Reply>)
    response.then(
      [self, route, done, number] {
        self->state.questions.erase(number);
        ended(self, route, {});
        done(std::variant<reply, caf::error>{reply{caf::unit}});
        quit_if_done(self);
      },
      failed);
  else
    response.then(
      [self, route, done, number](Reply& value) {
        self->state.questions.erase(number);
        ended(self, route, {});
        done(std::variant<reply, caf::error>{reply{std::move(value)}});
        quit_if_done(self);
      },
      failed);
}

template <class Request>
void push(self_pointer self, peer_id peer, const Request& what) {
  auto& state = self->state;
  auto route = state.routes.started(peer, kind_of_type<Request>(), self->clock().now());
  send_routed<void>(self, route, what, [](std::variant<reply, caf::error>&&) {});
}

void send_deferred(self_pointer self, peer_id peer) {
  for (const auto& what : self->state.routes.take_deferred(peer))
    push(self, peer, std::get<announce_block>(*what));
}

// -- fetches ---------------------------------------------------------------------------

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

// -- one request -----------------------------------------------------------------------

/// Why a request was not sent; empty if it was.
using obstacle_to_send = std::optional<request_error>;

/// To one peer, whichever is the lightest.
template <class Request>
obstacle_to_send send_to_one(self_pointer self, Request& what, const caller_ptr& caller) {
  auto& state = self->state;
  const auto kind = kind_of_type<Request>();
  auto now = self->clock().now();
  auto found = state.routes.choose(kind, now, state.context->random);
  if (!found.peer)
    return found.why;
  auto route = state.routes.started(*found.peer, kind, now);
  publish(self);
  send_routed<typename Request::reply>(
    self, route, std::move(what),
    [caller](std::variant<reply, caf::error>&& result) {
      caller->deliver(std::move(result));
    },
    caller);
  return std::nullopt;
}

/// Blocks or transactions, split over several peers.
template <class Request>
obstacle_to_send fetch(self_pointer self, const Request& what, time_point deadline,
                       const caller_ptr& caller) {
  auto& state = self->state;
  const auto kind = kind_of_type<Request>();
  std::vector<transaction_id> ids;
  if constexpr (std::is_same_v<Request, get_blocks>)
    ids = items_of(what);
  else
    ids = what.ids;
  // Peers that have enough to do are for the plan to wait for; without items or with too
  // many there is nothing to wait for.
  const bool has_no_need = ids.empty() || ids.size() > max_items_per_request;
  if (!has_no_need && !state.routes.has_peer_for(kind))
    return request_error::no_ready_peer;
  start_fetch(self, ids, kind, deadline, caller);
  return std::nullopt;
}

/// A push to a third of the ready peers.
template <class Request>
obstacle_to_send send_to_some(self_pointer self, const Request& what,
                              const caller_ptr& caller) {
  auto& state = self->state;
  const auto kind = kind_of_type<Request>();
  auto now = self->clock().now();
  auto peers = state.routes.fan_out(kind, state.context->random);
  if (peers.empty())
    return state.routes.has_peer_for(kind) ? request_error::overloaded
                                           : request_error::no_ready_peer;
  // Done as soon as one peer has it; failed if none could be given it.
  auto missing = std::make_shared<std::size_t>(peers.size());
  for (auto peer : peers) {
    auto route = state.routes.started(peer, kind, now);
    send_routed<void>(self, route, what,
                      [missing, caller](std::variant<reply, caf::error>&& result) {
                        --*missing;
                        if (std::holds_alternative<reply>(result) || *missing == 0)
                          caller->deliver(std::move(result));
                      });
  }
  publish(self);
  return std::nullopt;
}

/// Sends a request to those that can take it; leaves it as it is if there are none now.
template <class Request>
obstacle_to_send try_to_send(self_pointer self, Request& what, time_point deadline,
                             const caller_ptr& caller) {
  what.timeout = deadline - self->clock().now();
  if constexpr (std::is_same_v<Request, get_blocks> ||
                std::is_same_v<Request, get_transactions>)
    return fetch(self, what, deadline, caller);
  else if constexpr (std::is_void_v<typename Request::reply>)
    return send_to_some(self, what, caller);
  else
    return send_to_one(self, what, caller);
}

// -- held requests ---------------------------------------------------------------------

/// The alarms of held requests have this bit, those of fetches do not; see `waiters`.
constexpr std::uint64_t held_bit = std::uint64_t{1} << 62;

void hold(self_pointer self, request what, time_point deadline, const caller_ptr& caller,
          request_error why) {
  auto& state = self->state;
  if (auto number = state.held.add(std::move(what), caller, deadline, why))
    self->send(state.context->alarms, set_alarm{*number | held_bit, deadline});
  else
    caller->fail(caf::make_error(request_error::too_many_waiting));
}

void send_held(self_pointer self, request_kind kind) {
  auto& state = self->state;
  while (state.held.holds(kind)) {
    auto& first = state.held.first(kind);
    const auto obstacle = std::visit(
      [&](auto& what) { return try_to_send(self, what, first.deadline, first.caller); },
      first.what);
    if (obstacle)
      return state.held.set_why(kind, *obstacle);
    self->send(state.context->alarms, cancel_alarm{first.number | held_bit});
    state.held.drop_first(kind);
  }
}

} // namespace

template <class Request>
caf::result<typename Request::reply> answer(self_pointer self, Request what) {
  auto& state = self->state;
  if (state.stopping)
    return caf::make_error(request_error::shutting_down);
  const auto kind = kind_of_type<Request>();
  const auto timeout = what.timeout > caf::timespan::zero()
                         ? what.timeout
                         : state.context->timing.request_timeout;
  const auto deadline = self->clock().now() + timeout;
  auto promise = self->make_response_promise<typename Request::reply>();
  auto caller = std::make_shared<pending_reply>(promise);
  // Those that wait already come first.
  const bool has_its_turn = !what.wait_for_peer || !state.held.holds(kind);
  const auto obstacle = has_its_turn ? try_to_send(self, what, deadline, caller)
                                     : obstacle_to_send{state.held.why(kind)};
  if (!obstacle)
    return promise;
  // Of a peer with enough to do, the caller had better know: it asks for too much at a
  // time. A push has no other way to learn that the peer is free.
  const bool may_wait =
    !has_its_turn || is_push(kind) || *obstacle == request_error::no_ready_peer;
  if (what.wait_for_peer && may_wait)
    hold(self, std::move(what), deadline, caller, *obstacle);
  else
    caller->fail(caf::make_error(*obstacle));
  return promise;
}

template caf::result<latency> answer(self_pointer, measure_latency);
template caf::result<addresses> answer(self_pointer, get_addresses);
template caf::result<headers> answer(self_pointer, get_headers);
template caf::result<block_hashes> answer(self_pointer, get_block_hashes);
template caf::result<blocks> answer(self_pointer, get_blocks);
template caf::result<transactions> answer(self_pointer, get_transactions);
template caf::result<transaction_ids> answer(self_pointer, get_mempool);
template caf::result<void> answer(self_pointer, send_transaction);
template caf::result<void> answer(self_pointer, announce_transactions);
template caf::result<void> answer(self_pointer, announce_block);
template caf::result<void> answer(self_pointer, announce_addresses);

// -- to all ----------------------------------------------------------------------------

void to_all(self_pointer self, const announce_block& what) {
  auto shared = std::make_shared<const request>(what);
  for (auto peer : self->state.routes.announce_to_all(shared))
    push(self, peer, what);
  publish(self);
}

// -- addresses -------------------------------------------------------------------------

caf::result<gathered_addresses> gather(self_pointer self, const gather_addresses& what) {
  auto& state = self->state;
  auto now = self->clock().now();
  // Outbound peers only: inbound ones answer getaddr with silence.
  std::vector<peer_set_state::member*> askable;
  for (auto& [id, member] : state.members)
    if (member.info.direction == peer_direction::outbound &&
        (!member.asked_for_addresses ||
         now - *member.asked_for_addresses >= getaddr_interval))
      askable.push_back(&member);
  auto count = std::min(what.fan_out, askable.size());
  for (std::size_t i = 0; i < askable.size(); ++i)
    std::swap(askable[i], askable[i + state.context->random.below(askable.size() - i)]);
  std::stable_partition(askable.begin(), askable.end(), [](const auto* x) {
    return !x->asked_for_addresses.has_value();
  });
  askable.resize(count);
  if (askable.empty())
    return gathered_addresses{};

  auto promise = self->make_response_promise<gathered_addresses>();
  auto all = std::make_shared<gathering<gathered_addresses>>(
    [promise](gathered_addresses&& x) mutable { promise.deliver(x); });
  all->found.asked = count;
  for (auto* member : askable) {
    all->expect();
    member->asked_for_addresses = now;
    auto route = state.routes.started(member->info.id, request_kind::get_addresses, now);
    send_routed<addresses>(
      self, route, get_addresses{what.timeout},
      [self, all, taker = what.taker,
       peer = member->info.id](std::variant<reply, caf::error>&& result) {
        if (auto* value = std::get_if<reply>(&result)) {
          auto& entries = std::get<addresses>(*value).entries;
          ++all->found.answers;
          all->found.entries += entries.size();
          self->send(taker, addresses_answered{{peer, std::move(entries)}});
        }
        all->one_less();
      });
  }
  all->close();
  publish(self);
  return promise;
}

void tell(self_pointer self, tell_addresses&& what) {
  if (self->state.members.contains(what.peer))
    push(self, what.peer, what.what);
}

// -- items -----------------------------------------------------------------------------

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

void use_newcomer(self_pointer self) {
  const auto now = self->clock().now();
  for (const auto kind : {request_kind::get_blocks, request_kind::get_transactions})
    advance_all(self, kind, [now](block_fetch& plan) { return plan.on_tick(now); });
  for (std::size_t i = 0; i < request_kind_count; ++i)
    send_held(self, static_cast<request_kind>(i));
}

void cancel(self_pointer self, const cancel_request& what) {
  auto& state = self->state;
  const auto asker = self->current_sender();
  auto is_meant = [&](const auto& caller) { return caller->is_meant(what, asker); };
  for (const auto& [number, x] : state.questions)
    if (is_meant(x.caller))
      if (auto client = caf::actor_cast<cancellable_actor>(x.client))
        self->send(client, cancel_request{x.response});
  if (auto x = state.held.take_if([&](const auto& y) { return is_meant(y.caller); })) {
    self->send(state.context->alarms, cancel_alarm{x->number | held_bit});
    return x->caller->fail(caf::make_error(request_error::cancelled));
  }
  auto fetch = std::ranges::find_if(
    state.fetches, [&](const auto& x) { return is_meant(x.second->caller); });
  if (fetch == state.fetches.end())
    return state.waiting.cancel(self, what);
  fetch->second->cancelled = true;
  const auto caller = fetch->second->caller;
  self->send(state.context->alarms, cancel_alarm{fetch->first});
  state.fetches.erase(fetch);
  caller->fail(caf::make_error(request_error::cancelled));
}

void on_alarm(self_pointer self, std::uint64_t token) {
  auto& state = self->state;
  if ((token & held_bit) != 0) {
    auto late = state.held.take_if(
      [number = token & ~held_bit](const auto& x) { return x.number == number; });
    if (late)
      late->caller->fail(caf::make_error(state.held.why(kind_of(late->what))));
    return;
  }
  auto found = state.fetches.find(token);
  if (found == state.fetches.end())
    return;
  auto fetch = found->second;
  advance(self, token, fetch, fetch->plan.on_tick(self->clock().now()));
}

} // namespace peerage::routing
