// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/alarm_clock.hpp"
#include "messages/time.hpp"

#include <chrono>
#include <functional>

namespace peerage {

/// A moment on both clocks: the wall time of that moment, for people, however the clock
/// is set later, and the actor time, to measure how long ago it was.
struct dated_moment {
  time_point at;
  double unix_time = 0; ///< Seconds.
};

/// The one place that knows both times of a node.
///
/// The *wall clock* is the system's: Unix time, for what is shown, sent, saved, or ends
/// at a date, as bans do. It may be set at any moment, by any amount, in both directions,
/// so it is always asked anew, and a difference of two of its times is no duration.
///
/// The *actor clock* is steady: durations, paces and deadlines are measured on it alone.
/// It stands still while the machine sleeps (CLOCK_MONOTONIC), and deadlines with it:
/// after a sleep each has as long to run as before it, and a peer that is gone by then
/// does not answer the next ping.
///
/// An actor that waits for a date looks at the clock again every `longest_wait`.
///
/// Thread-safe once set up.
class node_clock {
public:
  /// Says the Unix time at this moment.
  using source = std::function<std::chrono::nanoseconds()>;

  /// The longest wait for a date before the clock is read again, as it may have been set.
  static constexpr std::chrono::seconds longest_wait{60};

  /// Reads the system's clock.
  node_clock();

  /// Replaces the source, as for virtual time. Call it before the first reading.
  void set_source(source x) { source_ = std::move(x); }

  unix_seconds now() const;

  /// The same with fractions, for people.
  double precise_now() const;

  /// What happens at `now`, which is this moment.
  dated_moment date(time_point now) const { return {now, precise_now()}; }

  /// Unix seconds of a deadline, for people: what the clock will say then unless it is
  /// set in between. `now` is this moment.
  double expected(time_point deadline, time_point now) const;

private:
  source source_;
};

} // namespace peerage
