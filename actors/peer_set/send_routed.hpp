// SPDX-License-Identifier: MIT
#pragma once

#include "actors/peer_set/peer_set.hpp"
#include "actors/peer_set/peer_set_counts.hpp"

#include <caf/stateful_actor.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

/// How the PEER_SET sends a request to the client that the router has chosen. Parts of
/// its behaviour.
namespace peerage::routing {

using caller_ptr = std::shared_ptr<pending_reply>;

/// The kind of a request.
template <class Request>
request_kind kind_of_type() {
  return kind_of(request{Request{}});
}

/// A client that ends between two messages answers by a code of CAF's.
caf::error normalised(caf::error&& why);

/// A routed request has ended, one way or the other.
void ended(self_pointer self, const routed_request& route,
           std::optional<request_error> failure);

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

/// Sends a request that owes no caller an answer.
template <class Request>
void push(self_pointer self, peer_id peer, const Request& what) {
  auto& state = self->state;
  auto route = state.routes.started(peer, kind_of_type<Request>(), self->clock().now());
  send_routed<void>(self, route, what, [](std::variant<reply, caf::error>&&) {});
}

} // namespace peerage::routing
