// SPDX-License-Identifier: MIT
#include "actors/peer_set/peer_set_requests.hpp"

#include "actors/peer_set/peer_set_counts.hpp"
#include "actors/peer_set/peer_set_fetches.hpp"
#include "actors/peer_set/send_routed.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace peerage::routing {

namespace {

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

/// Sends the held requests of this kind that can go now.
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

// -- what happens meanwhile ------------------------------------------------------------

void use_room(self_pointer self) {
  const auto& held = self->state.held;
  for (std::size_t i = 0; i < request_kind_count && !held.empty(); ++i)
    if (const auto kind = static_cast<request_kind>(i);
        held.holds(kind) && held.why(kind) == request_error::overloaded)
      send_held(self, kind);
}

void use_newcomer(self_pointer self) {
  use_newcomer_for_fetches(self);
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
  on_fetch_alarm(self, token);
}

} // namespace peerage::routing
