// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/alarm_clock.hpp"
#include "actors/base/random_source.hpp"

#include <caf/detail/test_actor_clock.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <vector>

namespace peerage::test {

/// The time of a simulated world: the actors' clock, and what happens outside of actors.
/// It stands still until `jump_to_next`, which goes to the next event of either. Events
/// of one moment happen in an order that is drawn.
class virtual_time {
public:
  virtual_time(caf::detail::test_actor_clock& clock, std::uint64_t seed)
      : clock_(clock), draws_(seed) {}
  virtual_time(const virtual_time&) = delete;
  virtual_time& operator=(const virtual_time&) = delete;

  time_point now() const { return clock_.current_time; }
  /// Since the world began, in seconds.
  double seconds() const;

  /// Calls `what` at this time; at once in the next jump if it is over.
  void at(time_point when, std::function<void()> what);
  void in(caf::timespan wait, std::function<void()> what) {
    at(now() + wait, std::move(what));
  }

  /// The time of the next event, of an actor or of the world; empty if there is none.
  std::optional<time_point> next() const;

  /// Goes to that time, and lets all happen that is due then.
  void jump_to_next();
  /// Goes to a time before the next event.
  void pass_until(time_point when);

private:
  struct entry {
    time_point when;
    std::uint64_t order = 0; ///< Among those of one moment.
    std::function<void()> what;
  };
  struct later {
    bool operator()(const entry& x, const entry& y) const {
      return x.when != y.when ? x.when > y.when : x.order > y.order;
    }
  };

  caf::detail::test_actor_clock& clock_;
  random_source draws_;
  std::priority_queue<entry, std::vector<entry>, later> events_;
  time_point begin_ = clock_.current_time;
};

} // namespace peerage::test
