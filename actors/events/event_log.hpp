#pragma once

#include "actors/base/alarm_clock.hpp"
#include "actors/base/node_clock.hpp"
#include "actors/base/waiters.hpp"
#include "actors/events/event_history.hpp"
#include "actors/events/event_merger.hpp"
#include "actors/interfaces/events.hpp"

#include <caf/stateful_actor.hpp>

#include <memory>

namespace peerage {

struct event_log_state {
  event_log_state() = default;
  alarm_clock_actor alarms;
  std::shared_ptr<event_merger> merger;
  node_clock wall;
  bool merging = false; ///< An alarm will ring when its second is over.
  event_history history;
  waiters<get_events, event_batch> waiting;
  static inline const char* name = "event_log";
};

/// Numbers and remembers what happens in a node, and answers who asks or waits for it.
/// Readers pull: it sends nothing unasked, so a slow one costs it nothing. Ends when told
/// to exit; who still waits gets `shutting_down`.
///
/// @param merger Of all who tell events: what it has merged is taken from it in time, and
///               it learns what somebody waits for.
/// @param wall   When merged events are told.
event_log_actor::behavior_type
event_log(event_log_actor::stateful_pointer<event_log_state> self,
          alarm_clock_actor alarms, std::shared_ptr<event_merger> merger,
          node_clock wall);

} // namespace peerage
