#pragma once

#include "actors/base/alarm_clock.hpp"
#include "messages/time.hpp"

#include <chrono>
#include <functional>

namespace peerage {

/// A moment on both clocks: people are shown what the wall clock said when it happened,
/// however it is set later; how long ago it was is measured on the actor clock.
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
/// It stands still while the machine sleeps (CLOCK_MONOTONIC), and so do they: who wakes
/// up has as long as before to do what was asked, and a peer that is gone by then does
/// not answer the next ping.
///
/// Nothing waits for a date longer than `longest_wait` without looking again.
///
/// Thread-safe once set up.
class node_clock {
public:
  /// Says the Unix time at this moment.
  using source = std::function<std::chrono::nanoseconds()>;

  /// Who waits until a date looks at least this often whether the clock was set.
  static constexpr std::chrono::seconds longest_wait{60};

  /// The system's.
  node_clock();

  /// Another source, as for virtual time. To be called before anybody asks.
  void set_source(source x) { source_ = std::move(x); }

  unix_seconds now() const;

  /// The same with fractions, for people.
  double precise_now() const;

  /// What happens at `now`, which is this moment.
  dated_moment date(time_point now) const { return {now, precise_now()}; }

  /// Unix seconds of a deadline, for people: what the clock will say then if nobody sets
  /// it before. `now` is this moment.
  double expected(time_point deadline, time_point now) const;

private:
  source source_;
};

} // namespace peerage
