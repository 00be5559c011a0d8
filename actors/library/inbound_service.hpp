// SPDX-License-Identifier: MIT
#pragma once

#include "actors/interfaces/inbound_service.hpp"

#include <caf/actor_system.hpp>
#include <caf/result.hpp>

#include <functional>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace peerage {

/// How a node answers the questions of its peers, and what it does with their news. What
/// is not set is answered as by a node that has nothing, or ignored. All functions are
/// called by one actor, one after the other: one that takes long holds up all peers; a
/// service that has to wait for something is better an actor (see `serving`). One that
/// throws counts as "not found".
struct inbound_service {
  std::function<headers(const serve_headers&)> on_headers{};
  std::function<block_hashes(const serve_block_hashes&)> on_block_hashes{};
  std::function<std::optional<wire::block>(const serve_block&)> on_block{};
  std::function<std::optional<wire::tx>(const serve_transaction&)> on_transaction{};
  /// Asked only if the node offers NODE_BLOOM.
  std::function<transaction_ids(const serve_mempool&)> on_mempool{};
  std::function<addresses(const serve_addresses&)> on_addresses{};
  std::function<void(const inventory_announced&)> on_inventory{};
  std::function<void(const headers_announced&)> on_headers_announced{};
  std::function<void(const addresses_announced&)> on_addresses_announced{};
  /// These two answer whether it was new and valid, which counts for a peer when places
  /// are short.
  std::function<bool(const transaction_received&)> on_transaction_received{};
  std::function<bool(const block_received&)> on_block_received{};
};

/// Starts its actor. It ends with its last handle.
inbound_service_actor spawn_service(caf::actor_system& system, inbound_service what);

/// The answer of a node that has nothing.
template <class Question>
caf::result<typename Question::reply> answer_of_nobody(const Question&) {
  using wanted = typename Question::reply;
  if constexpr (std::is_same_v<wanted, wire::block> || std::is_same_v<wanted, wire::tx> ||
                std::is_same_v<Question, transaction_received> ||
                std::is_same_v<Question, block_received>)
    return caf::make_error(request_error::not_found);
  else if constexpr (std::is_void_v<wanted>)
    return caf::unit;
  else
    return wanted{};
}

template <class... Handlers>
struct handlers_of_service : Handlers... {
  using Handlers::operator()...;
};

/// The handler of one question in `serving`.
template <class Question, class Handlers>
auto handler_of(const Handlers& all) {
  using result = caf::result<typename Question::reply>;
  if constexpr (!std::is_invocable_v<Handlers&, const Question&>) {
    return [](const Question& x) -> result { return answer_of_nobody(x); };
  } else if constexpr (std::is_void_v<std::invoke_result_t<Handlers&, const Question&>>) {
    return [all](const Question& x) mutable -> result {
      all(x);
      return caf::unit;
    };
  } else {
    return [all](const Question& x) mutable -> result { return all(x); };
  }
}

template <class... Questions, class Handlers>
inbound_service_actor::behavior_type
serving_each(std::type_identity<std::variant<Questions...>>, const Handlers& all) {
  return {handler_of<Questions>(all)...};
}

/// The behaviour of a service's actor, from handlers for some of the questions and news
/// in messages/service.hpp; each returns `caf::result<…>`, a promise or a value. The
/// others are answered as by a node that has nothing.
///
/// ```
/// inbound_service_actor::behavior_type blocks(inbound_service_actor::pointer) {
///   return serving([](const serve_block& x) -> caf::result<wire::block> { … });
/// }
/// ```
template <class... Handlers>
inbound_service_actor::behavior_type serving(Handlers... some) {
  return serving_each(std::type_identity<service_request>{},
                      handlers_of_service<Handlers...>{std::move(some)...});
}

} // namespace peerage
