// SPDX-License-Identifier: MIT
#pragma once

#include <caf/timespan.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <optional>

namespace peerage {

/// The most recent latencies, for percentiles.
class latency_window {
public:
  /// Enough for a steady 95th percentile (six samples lie above it), few enough to follow
  /// a change within a minute of traffic.
  static constexpr std::size_t capacity = 128;

  void add(caf::timespan latency) {
    recent_[next_] = latency;
    next_ = (next_ + 1) % capacity;
    size_ = std::min(size_ + 1, capacity);
  }

  /// The smallest latency that at least this fraction (0 to 1) of the recent ones do not
  /// exceed; none before the first sample.
  std::optional<caf::timespan> percentile(double fraction) const {
    if (size_ == 0)
      return std::nullopt;
    auto sorted = recent_;
    auto rank = static_cast<std::size_t>(
      std::ceil(std::clamp(fraction, 0.0, 1.0) * static_cast<double>(size_)));
    auto* wanted = sorted.data() + (std::max<std::size_t>(rank, 1) - 1);
    std::nth_element(sorted.data(), wanted, sorted.data() + size_);
    return *wanted;
  }

  std::size_t size() const { return size_; }

private:
  std::array<caf::timespan, capacity> recent_{};
  std::size_t next_ = 0;
  std::size_t size_ = 0;
};

} // namespace peerage
