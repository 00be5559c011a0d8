// SPDX-License-Identifier: MIT
#pragma once

#include "actors/peer/peer_rules.hpp"
#include "messages/checks/mutant.hpp"
#include "messages/lifecycle.hpp"

#include <optional>
#include <vector>

namespace peerage {

/// CONNECTION -> HEARTBEAT: how far the remote is. Counts from the start.
struct peer_progress {
  std::uint64_t received = 0;  ///< Bytes that we read, whole messages or not.
  std::uint64_t delivered = 0; ///< Bytes that the remote's system has confirmed.
  std::uint64_t messages = 0;  ///< Whole, readable ones received.
  bool unread = false;         ///< Bytes have arrived that we have not read.
  bool congested = false;      ///< We read nothing, as the remote does not read us.
};

/// When to ping, and when to give up. No actor, no clock.
///
/// A ping is due after the timeout. Its answer can stand behind a long message, or behind
/// much that we sent, and must not be missed because of a slow line. So each byte that
/// moves in either direction gives the peer a little more time, as much as the slowest
/// accepted line needs for it, as long as bytes go on moving. Dripping bytes gains next
/// to nothing; and `longest_wait` is the end in any case. Bytes that we have not read yet
/// never count against a peer that reads us.
///
/// A peer too old to answer pings (BIP 31) has to send any other whole, readable message
/// within `idle_limit`.
class heartbeat_schedule {
public:
  /// Bytes per second. A block of 4 MB takes more than an hour at that pace.
  static constexpr std::uint64_t slowest_line = 1'000;
  /// For an answer, however many bytes move. Bitcoin Core: TIMEOUT_INTERVAL.
  static constexpr std::chrono::minutes longest_wait{20};
  /// Without pongs, as many intervals may pass without a message: about 20 min, as Core's
  /// TIMEOUT_INTERVAL is.
  static constexpr int idle_intervals = 20;
  /// While an answer is due, the progress is looked at this often within one timeout.
  static constexpr int looks_per_timeout = 4;
  /// Pause before unread bytes are looked at again.
  static constexpr std::chrono::seconds unread_pause{1};

  heartbeat_schedule() = default;
  heartbeat_schedule(caf::timespan interval, caf::timespan timeout, bool expects_pongs,
                     time_point start)
      : interval_(interval), timeout_(timeout), expects_pongs_(expects_pongs),
        next_ping_(is_on(mutant::first_ping_late) ? start + interval : start),
        last_message_at_(start) {}

  /// A ping is due. Pings keep to multiples of the interval from the start.
  bool ping_due(time_point now) const { return next_ping_ <= now; }
  void on_sent(std::uint64_t nonce, time_point now);
  /// Answers this ping and, as pongs come in order, all before it.
  void on_pong(std::uint64_t nonce);
  void on_paused(bool paused, time_point now);

  /// Whether it is time to ask for the peer's progress.
  bool look_due(time_point now) const { return next_look() <= now; }
  /// @returns why to end the peer; empty: it goes on.
  std::optional<peer_exit> on_progress(const peer_progress& x, time_point now);

  /// When a ping or a look is due next.
  time_point next_event() const { return std::min(next_ping_, next_look()); }

private:
  struct sent {
    std::uint64_t nonce;
    time_point at;
    std::optional<std::uint64_t> moved; ///< Bytes moved when the ping was sent.
  };

  caf::timespan idle_limit() const { return idle_intervals * interval_ + timeout_; }
  time_point next_look() const;
  time_point deadline_of(const sent& ping) const;
  time_point last_deadline_of(const sent& ping) const; ///< However many bytes move.
  bool is_idle(time_point now) const;

  caf::timespan interval_{};
  caf::timespan timeout_{};
  bool expects_pongs_ = true;
  time_point next_ping_;
  std::vector<sent> unanswered_; ///< At most longest_wait / interval + 1 of them.
  std::optional<time_point> paused_since_;
  std::optional<time_point> next_look_; ///< Set while an answer is due.
  std::uint64_t moved_ = 0;             ///< Bytes, in both directions.
  time_point moved_at_;                 ///< When we last saw bytes move.
  std::uint64_t messages_ = 0;
  time_point last_message_at_;
};

} // namespace peerage
