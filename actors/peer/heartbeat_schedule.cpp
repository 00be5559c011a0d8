// SPDX-License-Identifier: MIT
#include "actors/peer/heartbeat_schedule.hpp"

#include <algorithm>

namespace peerage {

void heartbeat_schedule::on_sent(std::uint64_t nonce, time_point now) {
  // After a stall of our own, one ping replaces all missed ones.
  do
    next_ping_ += interval_;
  while (next_ping_ <= now);
  if (!expects_pongs_)
    return;
  unanswered_.push_back({nonce, now, {}});
  if (!next_look_)
    next_look_ = now + timeout_ / looks_per_timeout;
}

void heartbeat_schedule::on_pong(std::uint64_t nonce) {
  auto found = std::ranges::find(unanswered_, nonce, &sent::nonce);
  if (found != unanswered_.end())
    unanswered_.erase(unanswered_.begin(), found + 1);
  if (unanswered_.empty())
    next_look_.reset();
}

void heartbeat_schedule::on_paused(bool paused, time_point now) {
  if (paused && !paused_since_) {
    paused_since_ = now;
  } else if (!paused && paused_since_) {
    const auto length = now - *paused_since_;
    for (auto& x : unanswered_)
      x.at += length;
    moved_at_ += length;
    last_message_at_ += length;
    paused_since_.reset();
    if (next_look_)
      *next_look_ += length;
  }
}

time_point heartbeat_schedule::next_look() const {
  return paused_since_ ? time_point::max() : next_look_.value_or(time_point::max());
}

time_point heartbeat_schedule::deadline_of(const sent& ping) const {
  const auto bytes = moved_ - ping.moved.value_or(moved_);
  // No product first: it could overflow after a long life.
  const std::chrono::seconds earned{std::min<std::uint64_t>(
    bytes / slowest_line,
    static_cast<std::uint64_t>(longest_wait / std::chrono::seconds(1)))};
  const auto while_moving = std::max(ping.at, moved_at_) + timeout_;
  return std::min({last_deadline_of(ping), ping.at + timeout_ + earned, while_moving});
}

time_point heartbeat_schedule::last_deadline_of(const sent& ping) const {
  return ping.at + std::max<caf::timespan>(longest_wait, timeout_);
}

bool heartbeat_schedule::is_idle(time_point now) const {
  return !expects_pongs_ && now - last_message_at_ >= idle_limit();
}

std::optional<peer_exit> heartbeat_schedule::on_progress(const peer_progress& x,
                                                         time_point now) {
  if (const auto moved = x.received + x.delivered; moved > moved_) {
    moved_ = moved;
    moved_at_ = now;
  }
  for (auto& ping : unanswered_)
    if (!ping.moved)
      ping.moved = moved_;
  if (x.messages > messages_) {
    messages_ = x.messages;
    last_message_at_ = now;
  }
  if (paused_since_)
    return std::nullopt;
  if (is_idle(now))
    return peer_exit::idle_timeout;
  if (unanswered_.empty())
    return std::nullopt;
  const auto deadline = deadline_of(unanswered_.front());
  next_look_ = std::min(now + timeout_ / looks_per_timeout, deadline);
  if (deadline > now)
    return std::nullopt;
  if (!x.unread || x.congested || last_deadline_of(unanswered_.front()) <= now)
    return peer_exit::ping_timeout;
  next_look_ = now + unread_pause;
  return std::nullopt;
}

} // namespace peerage
