// SPDX-License-Identifier: MIT
#pragma once

#include "messages/requests.hpp"

#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace peerage {

/// Why a request ended without a value.
struct request_failure {
  request_error error = request_error::peer_gone;
  /// The peer's reason, if `error` is `peer_gone`.
  peer_exit peer_ended = peer_exit::internal_error;
};

/// For people: "timeout", "peer_gone: ping_timeout".
std::string to_string(const request_failure& x);

/// Thrown by `answer::value`.
struct request_failed : std::runtime_error {
  explicit request_failed(const request_failure& x);
  request_failure failure;
};

/// How a request ended: with its reply, or with a failure.
template <class Reply>
class answer {
public:
  /// `std::monostate` for requests whose reply is void.
  using value_type = std::conditional_t<std::is_void_v<Reply>, std::monostate, Reply>;

  answer(value_type x) : result_(std::in_place_index<0>, std::move(x)) {}
  answer(request_failure x) : result_(std::in_place_index<1>, x) {}

  explicit operator bool() const { return result_.index() == 0; }
  const value_type* operator->() const { return &value(); }
  const value_type& operator*() const { return value(); }
  /// @throws request_failed if there is none.
  const value_type& value() const {
    if (const auto* why = std::get_if<1>(&result_))
      throw request_failed(*why);
    return std::get<0>(result_);
  }
  /// @throws std::bad_variant_access if there is a value.
  const request_failure& failure() const { return std::get<1>(result_); }

private:
  std::variant<value_type, request_failure> result_;
};

} // namespace peerage
