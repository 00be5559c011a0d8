// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/alarm_clock.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace peerage {

/// How many addresses one peer may tell us: a token bucket, as Bitcoin nodes have had one
/// since floods of made-up addresses were seen in 2021. It is kept as time, which makes
/// 0.1 per second exact: an address costs 10 s, and every second earns one second.
class address_token_bucket {
public:
  using duration = std::chrono::nanoseconds;

  /// The price of one address (Bitcoin Core's MAX_ADDR_RATE_PER_SECOND, 0.1).
  static constexpr duration price = std::chrono::seconds(10);
  /// What waiting can earn: 1,000 addresses (MAX_ADDR_PROCESSING_TOKEN_BUCKET).
  static constexpr duration most_earned = 1'000 * price;
  /// What a getaddr of ours adds, also beyond that: its answer's largest size.
  static constexpr duration per_request = 1'000 * price;
  /// The most that requests without an answer can add up to.
  static constexpr duration most_requested = 10 * per_request;

  /// A new peer may tell one address at once: its own.
  explicit address_token_bucket(time_point now) : earned_until_(now) {}

  /// We sent getaddr.
  void add_request(time_point now) {
    earn(now);
    credit_ = std::min(credit_ + per_request, most_requested);
  }

  /// Pays for up to `wanted` addresses, and returns for how many.
  std::size_t take(std::size_t wanted, time_point now) {
    earn(now);
    auto paid = std::min(wanted, static_cast<std::size_t>(credit_ / price));
    credit_ -= static_cast<duration::rep>(paid) * price;
    return paid;
  }

private:
  void earn(time_point now) {
    if (now <= earned_until_)
      return;
    if (credit_ < most_earned)
      credit_ = std::min<duration>(credit_ + (now - earned_until_), most_earned);
    earned_until_ = now;
  }

  duration credit_ = price;
  time_point earned_until_;
};

} // namespace peerage
