// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/alarm_clock.hpp"
#include "actors/peer/node_counters.hpp"
#include "messages/snapshots.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace peerage {

/// What a node has counted since its start, read at one moment.
struct node_totals {
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t dials_succeeded = 0;
  std::uint64_t dials_failed = 0;
  decltype(duration_histogram{}.counts()) pings{};
};

/// The node at one moment, and the time since the sample before.
struct history_sample {
  double time = 0; ///< Unix seconds.
  std::uint64_t inbound = 0;
  std::uint64_t outbound = 0;
  std::uint64_t ready = 0;
  /// Bytes per second; empty in the first sample, which has none before it.
  std::optional<double> received;
  std::optional<double> sent;
  /// Seconds, estimated from the buckets of the histogram; empty: no ping was answered.
  std::optional<double> ping_median;
  std::uint64_t dials_succeeded = 0;
  std::uint64_t dials_failed = 0;
};

nlohmann::json to_json(const history_sample& x);

/// The last 24 hours of a node, a sample a minute: 1,440 of them take some 150 KiB.
/// Plain: no actor, no clock.
class node_history {
public:
  static constexpr std::chrono::minutes pace{1};
  static constexpr std::size_t most_samples = std::chrono::hours(24) / pace;

  /// @param at   This moment by the steady clock, which measures the rates.
  /// @param time The same for people, in Unix seconds.
  void add(time_point at, double time, const peer_set_snapshot& peers,
           const node_totals& totals);

  /// Oldest first.
  std::vector<history_sample> samples() const;

private:
  std::vector<history_sample> samples_; ///< A ring once it is full.
  std::size_t oldest_ = 0;
  std::optional<time_point> last_at_;
  node_totals last_;
};

/// The median of what has been observed between two readings of a histogram, as if each
/// bucket's were spread evenly; empty: nothing was.
std::optional<double> median_between(const decltype(node_totals::pings)& before,
                                     const decltype(node_totals::pings)& after);

} // namespace peerage
