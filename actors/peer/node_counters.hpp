// SPDX-License-Identifier: MIT
#pragma once

#include "messages/lifecycle.hpp"
#include "messages/wire/commands.hpp"

#include <array>
#include <atomic>
#include <cstdint>

namespace peerage {

/// Counts durations by length. Bounds are for network times: 1 ms to a minute.
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

/// Counts over all peers of a node, past ones included, for metrics. The only state that
/// many actors write; each write is one addition, and no decision depends on it.
struct node_counters {
  using by_command = std::array<std::atomic<std::uint64_t>, wire::command_count>;
  by_command messages_received{};
  by_command messages_sent{};
  duration_histogram handshakes;
  duration_histogram requests;
  duration_histogram pings;
};

} // namespace peerage
