// SPDX-License-Identifier: MIT
#include "actors/status/documents/node_history.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

namespace peerage {

namespace {

nlohmann::json number_or_null(const std::optional<double>& x) {
  return x ? nlohmann::json(*x) : nlohmann::json(nullptr);
}

} // namespace

nlohmann::json to_json(const history_sample& x) {
  return {{"time", x.time},
          {"inbound", x.inbound},
          {"outbound", x.outbound},
          {"ready", x.ready},
          {"received_per_second", number_or_null(x.received)},
          {"sent_per_second", number_or_null(x.sent)},
          {"ping_median", number_or_null(x.ping_median)},
          {"dials_succeeded", x.dials_succeeded},
          {"dials_failed", x.dials_failed}};
}

void node_history::add(time_point at, double time, const peer_set_snapshot& peers,
                       const node_totals& totals) {
  history_sample fresh;
  fresh.time = std::round(time * 10) / 10;
  fresh.inbound = peers.inbound;
  fresh.outbound = peers.outbound;
  fresh.ready = peers.ready;
  if (last_at_ && at > *last_at_) {
    const auto passed = std::chrono::duration<double>(at - *last_at_).count();
    auto rate = [&](std::uint64_t before, std::uint64_t now) {
      return std::round(static_cast<double>(now - before) / passed);
    };
    fresh.received = rate(last_.bytes_received, totals.bytes_received);
    fresh.sent = rate(last_.bytes_sent, totals.bytes_sent);
  }
  fresh.ping_median = median_between(last_.pings, totals.pings);
  fresh.dials_succeeded = totals.dials_succeeded - last_.dials_succeeded;
  fresh.dials_failed = totals.dials_failed - last_.dials_failed;
  last_at_ = at;
  last_ = totals;
  if (samples_.size() < most_samples) {
    samples_.push_back(fresh);
  } else {
    samples_[oldest_] = fresh;
    oldest_ = (oldest_ + 1) % most_samples;
  }
}

std::vector<history_sample> node_history::samples() const {
  auto result = samples_;
  const auto oldest = result.begin() + static_cast<std::ptrdiff_t>(oldest_);
  std::rotate(result.begin(), oldest, result.end());
  return result;
}

std::optional<double> median_between(const decltype(node_totals::pings)& before,
                                     const decltype(node_totals::pings)& after) {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < after.size(); ++i)
    total += after[i] - before[i];
  if (total == 0)
    return std::nullopt;
  const auto half = static_cast<double>(total) / 2;
  const auto& bounds = duration_histogram::bounds;
  double passed = 0;
  double lower = 0;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    const auto here = static_cast<double>(after[i] - before[i]);
    if (passed + here >= half)
      return lower + (bounds[i] - lower) * (half - passed) / here;
    passed += here;
    lower = bounds[i];
  }
  return lower; // or more
}

} // namespace peerage
