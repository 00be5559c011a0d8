// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace peerage {

/// Counts durations by length; any thread. Bounds are for network times: 1 ms to a
/// minute.
class duration_histogram {
public:
  static constexpr std::array<double, 15> bounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                 0.1,   0.25,   0.5,   1,    2.5,   5,
                                                 10,    30,     60}; // seconds

  void observe(double seconds) {
    std::size_t i = 0;
    while (i < bounds.size() && seconds > bounds[i])
      ++i;
    counts_[i].fetch_add(1, std::memory_order_relaxed);
    microseconds_.fetch_add(static_cast<std::uint64_t>(seconds * 1e6),
                            std::memory_order_relaxed);
  }

  /// Observations up to each bound and beyond the last one, each counted once.
  std::array<std::uint64_t, bounds.size() + 1> counts() const {
    std::array<std::uint64_t, bounds.size() + 1> result{};
    for (std::size_t i = 0; i < result.size(); ++i)
      result[i] = counts_[i].load(std::memory_order_relaxed);
    return result;
  }
  double sum() const {
    return static_cast<double>(microseconds_.load(std::memory_order_relaxed)) / 1e6;
  }

private:
  std::array<std::atomic<std::uint64_t>, bounds.size() + 1> counts_{};
  std::atomic<std::uint64_t> microseconds_{0};
};

} // namespace peerage
