// SPDX-License-Identifier: MIT
#include "actors/bans/ban_list.hpp"

#include "messages/checks/mutant.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace peerage {

namespace {

constexpr unsigned ipv4_prefix = 96; ///< In front of an IPv4 address, in bits.

unix_seconds end_of(unix_seconds now, std::chrono::seconds duration) {
  constexpr auto last = std::numeric_limits<unix_seconds>::max();
  return now > last - duration.count() ? last : now + duration.count();
}

} // namespace

ban_result ban_list::add(const subnet& range, unix_seconds now,
                         std::chrono::seconds duration) {
  if (duration.count() <= 0)
    duration = default_duration;
  return add_until(range, now, end_of(now, duration));
}

ban_result ban_list::add_until(const subnet& range, unix_seconds now,
                               unix_seconds until) {
  if (auto old = get(range, now); old && old->is_manual())
    return ban_result::already_banned;
  if (until <= now)
    return ban_result::time_in_past;
  return put({range, now, until, std::nullopt}, now);
}

ban_result ban_list::add_misbehaving(const subnet& range, unix_seconds now,
                                     misbehaviour cause) {
  return put({range, now, end_of(now, default_duration), cause}, now);
}

bool ban_list::is_manually_banned(const endpoint& x, unix_seconds now) const {
  bool result = false;
  for_each_covering(host_of(x), now, [&](const ban& y) { result |= y.is_manual(); });
  return result;
}

ban_result ban_list::remove(const subnet& range, unix_seconds now) {
  auto found = bans_.find(range);
  if (found == bans_.end())
    return ban_result::not_banned;
  const bool in_force = found->second.until > now;
  erase(range);
  return in_force ? ban_result::done : ban_result::not_banned;
}

void ban_list::clear() {
  *this = {};
}

template <class Visit>
void ban_list::for_each_covering(const subnet& x, unix_seconds now, Visit visit) const {
  auto look_up = [&](const subnet& range) {
    auto found = bans_.find(range);
    if (found != bans_.end() && found->second.until > now)
      visit(found->second);
  };
  for (unsigned length = x.is_ipv4() ? ipv4_prefix : 0; length <= x.prefix_length;
       ++length) {
    if (of_length_[length] == 0)
      continue;
    auto range = subnet_of(x.first(), static_cast<std::uint8_t>(length));
    look_up(range);
    if (std::exchange(range.zone, 0) != 0)
      look_up(range);
  }
}

std::optional<ban> ban_list::get(const subnet& range, unix_seconds now) const {
  auto found = bans_.find(range);
  return found != bans_.end() && found->second.until > now ? std::optional{found->second}
                                                           : std::nullopt;
}

std::optional<ban> ban_list::find(const subnet& x, unix_seconds now) const {
  std::optional<ban> longest;
  for_each_covering(x, now, [&](const ban& y) {
    if (!longest || y.until > longest->until)
      longest = y;
  });
  return longest;
}

std::vector<ban> ban_list::list(unix_seconds now) const {
  std::vector<ban> result;
  for (const auto& [range, x] : bans_)
    if (x.until > now)
      result.push_back(x);
  std::ranges::sort(result, {}, &ban::range);
  return result;
}

std::size_t ban_list::sweep(unix_seconds now) {
  const auto before = size();
  for (bool manual : {false, true})
    for (;;) {
      auto first =
        by_rank_.lower_bound({manual, std::numeric_limits<unix_seconds>::min(), {}});
      if (first == by_rank_.end() || std::get<bool>(*first) != manual ||
          std::get<unix_seconds>(*first) > now)
        break;
      erase(subnet{std::get<subnet>(*first)});
    }
  return before - size();
}

std::optional<unix_seconds> ban_list::next_end() const {
  std::optional<unix_seconds> result;
  for (bool manual : {false, true}) {
    auto first =
      by_rank_.lower_bound({manual, std::numeric_limits<unix_seconds>::min(), {}});
    if (first != by_rank_.end() && (!result || std::get<unix_seconds>(*first) < *result))
      result = std::get<unix_seconds>(*first);
  }
  return result;
}

void ban_list::apply(const bans_changed& x, unix_seconds now) {
  sweep(now);
  if (is_on(mutant::bans_added_before_lifted))
    restore(x.added, now);
  for (const auto& range : x.lifted)
    remove(range, now);
  if (!is_on(mutant::bans_added_before_lifted))
    restore(x.added, now);
}

void ban_list::restore(const std::vector<ban>& saved, unix_seconds now) {
  for (auto x : saved) {
    if (x.until <= now || subnet_of(x.range.first(), x.range.prefix_length) != x.range)
      continue;
    x.created = std::min(x.created, now);
    if (!x.is_manual())
      x.until = std::min(x.until, end_of(now, default_duration));
    put(x, now);
  }
}

ban_result ban_list::put(ban x, unix_seconds now) {
  if (auto found = bans_.find(x.range); found != bans_.end()) {
    const auto old = found->second;
    erase(x.range);
    if (old.until > now) {
      const bool manual = x.is_manual() || old.is_manual();
      if (old.until > x.until)
        x = old;
      if (manual)
        x.cause = std::nullopt;
    }
  } else if (size() >= max_bans && sweep(now) == 0) {
    const auto first = *by_rank_.begin();
    if (std::get<bool>(first) || rank_of(x) < first)
      return ban_result::full;
    erase(std::get<subnet>(first));
  }
  insert(x);
  return ban_result::done;
}

void ban_list::insert(const ban& x) {
  bans_.emplace(x.range, x);
  by_rank_.insert(rank_of(x));
  ++of_length_[x.range.prefix_length];
}

void ban_list::erase(const subnet& range) {
  auto found = bans_.find(range);
  by_rank_.erase(rank_of(found->second));
  --of_length_[range.prefix_length];
  bans_.erase(found);
}

} // namespace peerage
