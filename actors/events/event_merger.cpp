// SPDX-License-Identifier: MIT
#include "actors/events/event_merger.hpp"

#include "actors/interfaces/broadcasts.hpp"
#include "actors/interfaces/peer.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace peerage {

namespace {

void merge(event& into, const event& x) {
  auto sum = into;
  into = x;
  into.count = sum.count + std::max<std::uint64_t>(x.count, 1);
  into.score_before = sum.score_before;
}

} // namespace

std::size_t event_merger::source_hash::operator()(const source& x) const {
  const std::string_view host{reinterpret_cast<const char*>(x.host.data()),
                              x.host.size()};
  auto result = std::hash<std::string_view>{}(host);
  result = result * 31 + std::hash<std::string>{}(x.reason);
  result = result * 31 + std::hash<peer_id>{}(x.peer);
  return result * 31 + static_cast<std::size_t>(x.type);
}

std::optional<event_merger::source> event_merger::source_of(const event& x) {
  source result{x.type, 0, {}, x.reason, false};
  switch (x.type) {
  case event_type::block_announced:
  case event_type::addresses_learned:
    if (x.peer != 0) {
      result.peer = x.peer;
      return result;
    }
    if (x.address.port == 0)
      return std::nullopt; // of our own search
    break;
  case event_type::misbehaviour: break;
  case event_type::connection_accepted:
  case event_type::connection_refused:
  case event_type::handshake_failed:
  case event_type::peer_ready:
  case event_type::peer_left:
    if (x.direction == peer_direction::outbound)
      return std::nullopt; // at our own pace
    break;
  default: return std::nullopt;
  }
  result.host = x.address.ip;
  if (!x.address.is_ipv4())
    std::fill(result.host.begin() + 8, result.host.end(), std::uint8_t{0});
  return result;
}

double event_merger::burst_of(const source& x) {
  if (x.is_common)
    return common_burst;
  switch (x.type) {
  case event_type::block_announced:
  case event_type::addresses_learned:
  case event_type::misbehaviour: return burst;
  default: return connection_burst;
  }
}

double event_merger::left(const source& whose, const allowance& x, time_point now) {
  const auto gained = std::chrono::duration<double>(now - x.refilled) / window;
  return std::min(x.left + gained, burst_of(whose));
}

event_merger::allowance* event_merger::find(const source& whose, time_point now) {
  if (auto found = sources_.find(whose); found != sources_.end())
    return &found->second;
  if (sources_.size() >= max_sources)
    forget_idle(now);
  if (sources_.size() >= max_sources && !whose.is_common) // of those there are few
    return nullptr;
  return &sources_.emplace(whose, allowance{burst_of(whose), now, false, {}})
            .first->second;
}

void event_merger::forget_idle(time_point now) {
  if (now < next_cleaning_)
    return;
  next_cleaning_ = now + window;
  std::erase_if(sources_, [now](const auto& x) {
    return !x.second.used_up && left(x.first, x.second, now) >= burst_of(x.first);
  });
}

bool event_merger::admit(const event& x, time_point now) {
  const auto whose = source_of(x);
  if (!whose)
    return true;
  std::lock_guard guard{mutex_};
  if (!take(*whose, x, now))
    return false;
  // Peers have places, which bound their number; hosts are as many as they like.
  return whose->peer != 0 || take({x.type, 0, {}, x.reason, true}, x, now);
}

/// Tells whether the event may be told singly, or merges it.
bool event_merger::take(const source& whose, const event& x, time_point now) {
  auto* known = find(whose, now);
  if (!known)
    return true;
  if (known->used_up) {
    if (std::ranges::any_of(wanted_, [&x](const auto& f) { return f.accepts(x); }))
      return true;
    if (!known->merged) {
      known->merged = x;
      known->merged->count = std::max<std::uint64_t>(x.count, 1);
    } else {
      merge(*known->merged, x);
    }
    return false;
  }
  known->left = left(whose, *known, now) - 1;
  known->refilled = now;
  if (known->left < 1) {
    known->used_up = true;
    due_.emplace_back(now + window, whose);
  }
  return true;
}

std::vector<event> event_merger::take_due(time_point now) {
  std::vector<event> result;
  std::lock_guard guard{mutex_};
  while (!due_.empty() && due_.front().first <= now) {
    auto whose = std::move(due_.front().second);
    due_.pop_front();
    auto& x = sources_.at(whose);
    if (x.merged) {
      result.push_back(std::move(*x.merged));
      x.merged.reset();
      x.left = 0;
      x.refilled = now;
      due_.emplace_back(now + window, std::move(whose));
    } else {
      x.used_up = false;
    }
  }
  return result;
}

std::optional<time_point> event_merger::next_due() const {
  std::lock_guard guard{mutex_};
  return due_.empty() ? std::nullopt : std::optional{due_.front().first};
}

void event_merger::set_wanted(std::vector<event_filter> filters) {
  std::lock_guard guard{mutex_};
  wanted_ = std::move(filters);
}

} // namespace peerage
