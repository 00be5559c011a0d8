// SPDX-License-Identifier: MIT
#include "actors/admission/accept_rate.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace peerage {

namespace {

using fractional_seconds = std::chrono::duration<double>;

double seconds_between(time_point from, time_point to) {
  return fractional_seconds{to - from}.count();
}

subnet narrow_group_of(const endpoint& x) {
  return subnet_of(x, x.is_ipv4() ? 128 : 64);
}

subnet wide_group_of(const endpoint& x) {
  return subnet_of(x, x.is_ipv4() ? 120 : 56);
}

} // namespace

std::optional<accept_refusal> accept_rate::decide(const endpoint& remote, time_point now,
                                                  random_source& random) {
  if (loopback_exempt_ && remote.is_loopback())
    return std::nullopt;
  if (!pays(remote, now))
    return accept_refusal::group_rate;
  load_.add(now);
  constexpr std::uint64_t resolution = 1'000'000;
  const auto drop = drop_probability(load_.per_minute(now));
  if (static_cast<double>(random.below(resolution)) < drop * resolution)
    return accept_refusal::flood;
  return std::nullopt;
}

bool accept_rate::pays(const endpoint& remote, time_point now) {
  auto& host = touch(narrow_group_of(remote), host_allowance, now);
  host.last_was_free = std::exchange(host.next_is_free, false);
  if (host.last_was_free)
    return true;
  if (!take_token(narrow_group_of(remote), host_allowance, now))
    return false;
  attempts_.add(now);
  return !is_under_flood(now) ||
         (take_token(wide_group_of(remote), host_allowance, now) &&
          take_token(address_group_of(remote), network_allowance, now));
}

void accept_rate::allow_another(const endpoint& remote, time_point now) {
  auto& host = touch(narrow_group_of(remote), host_allowance, now);
  // Once for each attempt that was paid for, else none would have to be.
  host.next_is_free = !host.last_was_free;
}

accept_rate_status accept_rate::status(time_point now) const {
  const auto load = load_.per_minute(now);
  return {attempts_.per_minute(now), load, is_under_flood(now), drop_probability(load),
          groups_.size()};
}

time_point accept_rate::next_token(const subnet& range, const allowance& limit,
                                   time_point now) const {
  const auto found = groups_.find(range);
  if (found == groups_.end())
    return now;
  const auto& bucket = *found->second;
  const auto lacking =
    1 - (bucket.tokens + seconds_between(bucket.filled_at, now) * limit.per_second);
  return now + std::chrono::duration_cast<time_point::duration>(
                 fractional_seconds{std::max(lacking, 0.0) / limit.per_second});
}

std::optional<time_point> accept_rate::refused_until(const endpoint& remote,
                                                     time_point now) const {
  if (loopback_exempt_ && remote.is_loopback())
    return std::nullopt;
  const auto host = narrow_group_of(remote);
  if (auto found = groups_.find(host);
      found != groups_.end() && found->second->next_is_free)
    return std::nullopt;
  auto until = next_token(host, host_allowance, now);
  if (is_under_flood(now))
    until = std::max({until, next_token(wide_group_of(remote), host_allowance, now),
                      next_token(address_group_of(remote), network_allowance, now)});
  return until > now ? std::optional{until} : std::nullopt;
}

double accept_rate::drop_probability(double load_per_minute) {
  const auto excess = (load_per_minute / flood_per_minute - 1) / (saturation - 1);
  const auto x = std::clamp(excess, 0.0, 1.0);
  return highest_drop_probability * x * x * (3 - 2 * x);
}

bool accept_rate::take_token(const subnet& range, const allowance& limit,
                             time_point now) {
  auto& bucket = touch(range, limit, now);
  const auto refill = seconds_between(bucket.filled_at, now) * limit.per_second;
  bucket.tokens = std::min(bucket.tokens + refill, limit.burst);
  bucket.filled_at = now;
  if (bucket.tokens < 1)
    return false;
  bucket.tokens -= 1;
  return true;
}

accept_rate::group& accept_rate::touch(const subnet& range, const allowance& limit,
                                       time_point now) {
  if (auto found = groups_.find(range); found != groups_.end()) {
    by_recency_.splice(by_recency_.begin(), by_recency_, found->second);
    return *found->second;
  }
  if (groups_.size() == max_groups) {
    groups_.erase(by_recency_.back().range);
    by_recency_.pop_back();
  }
  by_recency_.push_front({range, limit.burst, now});
  groups_.emplace(range, by_recency_.begin());
  return by_recency_.front();
}

void accept_rate::meter::add(time_point now) {
  count_ = decayed(now) + 1;
  counted_at_ = now;
}

double accept_rate::meter::per_minute(time_point now) const {
  return decayed(now) * (fractional_seconds{std::chrono::minutes{1}} / smoothing);
}

double accept_rate::meter::decayed(time_point now) const {
  return count_ * std::exp(-seconds_between(counted_at_, now) /
                           fractional_seconds{smoothing}.count());
}

} // namespace peerage
