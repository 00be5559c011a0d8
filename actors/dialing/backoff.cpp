// SPDX-License-Identifier: MIT
#include "actors/dialing/backoff.hpp"

#include <algorithm>
#include <limits>

namespace peerage {

namespace {

using std::chrono::seconds;

/// The most that jitter adds is one part in this many.
constexpr int jitter_share = 4;

} // namespace

void backoff::failed(const endpoint& remote, time_point now) {
  auto before = failures_of(remote);
  wait(remote, before == std::numeric_limits<std::uint32_t>::max() ? before : before + 1,
       now);
}

void backoff::disconnected(const endpoint& remote, time_point::duration connected_for,
                           time_point now) {
  if (connected_for >= settled)
    wait(remote, 0, now);
  else
    failed(remote, now);
}

std::optional<time_point> backoff::ready_at(const endpoint& remote) const {
  auto found = records_.find(remote);
  return found == records_.end() ? std::nullopt : std::optional{found->second.ready_at};
}

bool backoff::may_dial(const endpoint& remote, time_point now) const {
  return ready_at(remote).value_or(now) <= now;
}

std::uint32_t backoff::failures_of(const endpoint& remote) const {
  auto found = records_.find(remote);
  return found == records_.end() ? 0 : found->second.failures;
}

void backoff::forget(const endpoint& remote) {
  if (records_.contains(remote))
    erase(remote);
}

void backoff::wait(const endpoint& remote, std::uint32_t failures, time_point now) {
  time_point::duration pause = schedule_.first;
  for (auto i = failures; i > 1 && pause < schedule_.longest; --i)
    pause *= 2;
  pause = std::min<time_point::duration>(pause, schedule_.longest);
  auto spread = static_cast<std::uint64_t>((pause / jitter_share).count());
  pause += time_point::duration{static_cast<std::int64_t>(random_.below(spread + 1))};
  put(remote, {failures, now + pause});
}

std::vector<saved_backoff> backoff::entries(time_point now, unix_seconds unix_now) const {
  std::vector<saved_backoff> result;
  for (const auto& [time, remote] : by_time_) {
    const auto failures = failures_of(remote);
    // Rounded up, so that no restart makes a pause shorter.
    if (failures > 0 || time > now)
      result.push_back(
        {remote, failures, unix_now + std::chrono::ceil<seconds>(time - now).count()});
  }
  return result;
}

void backoff::restore(const std::vector<saved_backoff>& saved, time_point now,
                      unix_seconds unix_now) {
  const auto longest = schedule_.longest + schedule_.longest / jitter_share;
  for (const auto& x : saved) {
    if (x.remote.port == 0 || records_.contains(x.remote))
      continue;
    // Clamped before the subtraction, which could overflow.
    auto until =
      std::clamp(x.ready_at, unix_now - longest.count(), unix_now + longest.count());
    put(x.remote, {x.failures, now + seconds{until - unix_now}});
  }
}

void backoff::put(const endpoint& remote, record x) {
  if (records_.contains(remote))
    erase(remote);
  else if (size() == max_addresses)
    erase(endpoint{by_time_.begin()->second});
  records_.emplace(remote, x);
  by_time_.emplace(x.ready_at, remote);
}

void backoff::erase(const endpoint& remote) {
  auto found = records_.find(remote);
  by_time_.erase({found->second.ready_at, remote});
  records_.erase(found);
}

} // namespace peerage
