// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/alarm_clock.hpp"
#include "actors/base/random_source.hpp"
#include "actors/peer/inbound_requests.hpp"
#include "actors/peer/load_shedding.hpp"

#include <cstdint>
#include <optional>
#include <utility>

namespace peerage {

/// The question of one connection to the inbound service: one at a time, each with its
/// number and its deadline. An answer after the deadline does not count, and an overload
/// may end the peer (see load_shedding).
class service_question {
public:
  /// An answer is due: ask nothing else.
  bool is_open() const { return deadline_.has_value(); }

  /// Opens the next question.
  /// @return Its number, for the answer. Never 0.
  std::uint64_t open(time_point deadline) {
    deadline_ = deadline;
    return ++number_;
  }

  /// Closes the question if this is its number; else the answer is late.
  [[nodiscard]] bool close(std::uint64_t number) {
    return number == number_ && std::exchange(deadline_, std::nullopt);
  }

  const std::optional<time_point>& deadline() const { return deadline_; }

  /// The number of the question whose deadline is over, if it is.
  std::optional<std::uint64_t> overdue(time_point now) const {
    return deadline_ && *deadline_ <= now ? std::optional{number_} : std::nullopt;
  }

  /// The answer is an overload, and this peer was drawn at random.
  [[nodiscard]] bool should_end(const service_answer& answer, time_point now,
                                random_source& random) {
    const auto* why = std::get_if<caf::error>(&answer);
    return why != nullptr && outcome_of(*why) == request_error::overloaded &&
           shed_.should_end(now, random);
  }

private:
  std::uint64_t number_ = 0;
  std::optional<time_point> deadline_; ///< Of the open question.
  load_shedding shed_;
};

} // namespace peerage
