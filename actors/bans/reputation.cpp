// SPDX-License-Identifier: MIT
#include "actors/bans/reputation.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace peerage {

subnet accountable_range_of(const endpoint& x) {
  if (x.is_link_local())
    return host_of(x);
  auto network = subnet_of(x, 64);
  // The /64 of zeros holds loopback and, as mapped addresses, all of IPv4.
  return network.ip == subnet{}.ip ? host_of(x) : network;
}

reputation::reputation(std::vector<subnet> shared) : shared_(std::move(shared)) {}

bool reputation::is_shared(const endpoint& x) const {
  return x.is_loopback() ||
         std::ranges::any_of(shared_, [&](const subnet& y) { return y.contains(x); });
}

double reputation::decayed(const record& x, unix_seconds now) {
  if (now <= x.at) // the clock was set back
    return x.score;
  auto age = static_cast<double>(now) - static_cast<double>(x.at);
  return x.score * std::exp2(-age / static_cast<double>(half_life.count()));
}

/// The points as if all had been given at one moment, on a logarithmic scale.
double reputation::rank_of(const record& x) {
  return std::log2(x.score) +
         static_cast<double>(x.at) / static_cast<double>(half_life.count());
}

score_change reputation::report(const endpoint& peer, misbehaviour cause,
                                unix_seconds now, bool manual) {
  score_change result;
  result.before = result.after = score_of(peer, now);
  if (manual && is_network_cause(cause))
    return result;
  result.after = std::min(result.before + weight_of(cause), highest_score);
  result.passed_threshold = result.after >= ban_threshold;
  if (is_shared(peer)) {
    connections_[peer] = {result.after, now};
    return result;
  }
  result.ban_suggested = result.passed_threshold;
  put(accountable_range_of(peer), {result.after, now});
  return result;
}

double reputation::score_of(const endpoint& peer, unix_seconds now) const {
  if (is_shared(peer)) {
    auto found = connections_.find(peer);
    return found == connections_.end() ? 0 : decayed(found->second, now);
  }
  auto found = hosts_.find(accountable_range_of(peer));
  return found == hosts_.end() ? 0 : decayed(found->second, now);
}

void reputation::forget(const subnet& range) {
  // Ranges are ordered by address, so those inside stand together; between hosts of IPv6
  // there may be all of IPv4, in its mapped form.
  auto is_behind = [&](const subnet& host) {
    return subnet_of(host.first(), range.prefix_length).ip != range.ip;
  };
  auto i = hosts_.lower_bound({range.ip, range.prefix_length, 0});
  while (i != hosts_.end() && !is_behind(i->first)) {
    auto host = i++;
    if (range.contains(host->first))
      erase(host);
  }
  std::erase_if(connections_, [&](const auto& x) { return range.contains(x.first); });
}

void reputation::clear() {
  *this = reputation{std::move(shared_)};
}

std::vector<saved_score> reputation::entries(unix_seconds now) const {
  std::vector<saved_score> result;
  for (const auto& [host, x] : hosts_)
    if (decayed(x, now) >= negligible_score)
      result.push_back({host, x.score, x.at});
  return result;
}

void reputation::restore(const std::vector<saved_score>& saved, unix_seconds now) {
  for (const auto& x : saved) {
    record read{std::min(x.score, highest_score), std::min(x.at, now)};
    // Written so that it is also false for NaN.
    const bool matters = x.at >= 0 && decayed(read, now) >= negligible_score;
    const bool is_host =
      accountable_range_of(x.host.first()) == x.host && !is_shared(x.host.first());
    auto known = hosts_.find(x.host);
    if (matters && is_host &&
        (known == hosts_.end() || rank_of(known->second) < rank_of(read)))
      put(x.host, read);
  }
}

void reputation::put(const subnet& host, record x) {
  if (auto known = hosts_.find(host); known != hosts_.end())
    erase(known);
  else if (hosts_.size() == max_hosts)
    erase(hosts_.find(by_rank_.begin()->second));
  hosts_.emplace(host, x);
  by_rank_.emplace(rank_of(x), host);
}

void reputation::erase(std::map<subnet, record>::iterator position) {
  by_rank_.erase({rank_of(position->second), position->first});
  hosts_.erase(position);
}

} // namespace peerage
