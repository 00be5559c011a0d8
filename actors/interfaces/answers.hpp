// SPDX-License-Identifier: MIT
#pragma once

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <type_traits>
#include <utility>
#include <variant>

/// Interfaces made from lists of requests, each of which names its `reply`.
namespace peerage {

/// The line of an interface that takes a request and answers its reply.
template <class Request>
using answers = typename caf::replies_to<Request>::template with<typename Request::reply>;

template <class Variant>
struct answers_each;
template <class... Requests>
struct answers_each<std::variant<Requests...>> {
  using actor = caf::typed_actor<answers<Requests>...>;
};

/// The interface with such a line for each alternative of a variant.
template <class Variant>
using answers_each_actor = typename answers_each<Variant>::actor;

/// A behaviour with the handler `make.operator()<Request>()` for each alternative of a
/// variant, between `first` (CAF looks handlers up in this order) and `rest`.
template <class Behavior, class... Requests, class First, class Make, class... Rest>
Behavior answering_each(std::type_identity<std::variant<Requests...>>, First first,
                        Make make, Rest... rest) {
  return {std::move(first), make.template operator()<Requests>()..., std::move(rest)...};
}

} // namespace peerage
