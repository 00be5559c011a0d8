// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/alarm_clock.hpp"

#include <chrono>
#include <cmath>
#include <cstddef>

namespace peerage {

/// How much a request to a peer is expected to cost: its round trip, times the requests
/// that are before ours. The round trip is estimated as Finagle's and zebra-network's
/// balancers do ("peak EWMA"): a slower answer counts at once and in full, a faster one
/// only as the older ones fade. Without samples the estimate fades towards zero, so that
/// a peer that was slow once is tried again.
class peer_load {
public:
  /// Assumed of a peer that has not answered yet. Above the request timeout of 20 s, so
  /// that a peer that answers at all is preferred (zebra-network: EWMA_DEFAULT_RTT).
  static constexpr std::chrono::seconds default_round_trip{21};
  /// After this time a sample counts 1/e (zebra-network: EWMA_DECAY_TIME).
  static constexpr std::chrono::seconds decay{200};

  explicit peer_load(time_point now) : updated_(now) {}

  void on_sample(caf::timespan round_trip, time_point now) {
    const auto sample = seconds(round_trip);
    const auto weight = fading(now);
    // The first sample replaces the assumption.
    if (!sampled_ || sample > estimate_)
      estimate_ = sample;
    else
      estimate_ = estimate_ * weight + sample * (1 - weight);
    sampled_ = true;
    updated_ = now;
  }

  /// The expected round trip, in seconds.
  double estimate(time_point now) const { return estimate_ * fading(now); }

  /// Seconds until a request is answered that starts behind `outstanding` others.
  double cost(std::size_t outstanding, time_point now) const {
    return estimate(now) * (static_cast<double>(outstanding) + 1);
  }

private:
  static double seconds(caf::timespan x) {
    return std::chrono::duration<double>(x).count();
  }
  double fading(time_point now) const {
    return std::exp(-seconds(now - updated_) / seconds(decay));
  }

  double estimate_ = seconds(default_round_trip);
  bool sampled_ = false;
  time_point updated_;
};

} // namespace peerage
