// SPDX-License-Identifier: MIT
#include "tests/simulation/internet/virtual_time.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace peerage::test {

double virtual_time::seconds() const {
  return std::chrono::duration<double>(now() - begin_).count();
}

void virtual_time::at(time_point when, std::function<void()> what) {
  events_.push({std::max(when, now()), draws_.next(), std::move(what)});
}

std::optional<time_point> virtual_time::next() const {
  std::optional<time_point> result;
  if (!clock_.schedule().empty())
    result = std::max(clock_.schedule().begin()->first, now());
  if (!events_.empty() && (!result || events_.top().when < *result))
    result = events_.top().when;
  return result;
}

void virtual_time::jump_to_next() {
  const auto when = next();
  if (!when)
    return;
  clock_.current_time = *when;
  // Only what is due now: an event may cause others of the same moment.
  for (auto due = events_.size();
       due > 0 && !events_.empty() && events_.top().when <= *when; --due) {
    const auto what = std::move(const_cast<entry&>(events_.top()).what);
    events_.pop();
    what();
  }
  clock_.trigger_expired_timeouts();
}

void virtual_time::pass_until(time_point when) {
  clock_.current_time = std::max(when, now());
}

} // namespace peerage::test
