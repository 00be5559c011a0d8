// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/alarm_clock.hpp"
#include "actors/base/random_source.hpp"
#include "messages/checks/mutant.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

namespace peerage {

/// Decides whether a peer is ended for asking more than the node can do. Ending every
/// peer that meets an overload would let one flooder disconnect all others; ending none
/// would let it go on. So each connection is ended at random, and the more often it meets
/// an overload, the worse its odds. Follows zebra-network (OVERLOAD_PROTECTION_INTERVAL
/// and its neighbours in constants.rs).
class load_shedding {
public:
  /// A request of the peer met an overload: end it? If not, ignore the request.
  [[nodiscard]] bool should_end(time_point now, random_source& random) {
    if (is_on(mutant::overload_ends_everyone))
      return true;
    const auto odds = last_ ? end_probability(now - *last_) : lowest_probability;
    last_ = now;
    constexpr std::uint64_t resolution = 1'000'000;
    return static_cast<double>(random.below(resolution)) < odds * resolution;
  }

  /// The odds at an overload this long after the peer's last one: fall with the square of
  /// the time, from the highest to the lowest, within `interval`.
  static double end_probability(time_point::duration since_last) {
    const auto part = std::chrono::duration<double>(since_last) / interval;
    const auto fallen = part * part * (highest_probability - lowest_probability);
    return std::clamp(highest_probability - fallen, lowest_probability,
                      highest_probability);
  }

  static constexpr std::chrono::seconds interval{1};
  static constexpr double lowest_probability = 0.05; ///< Also at the first overload.
  static constexpr double highest_probability = 0.5;

private:
  std::optional<time_point> last_;
};

} // namespace peerage
