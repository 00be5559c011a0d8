// SPDX-License-Identifier: MIT
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

/// Numbers and remembers the events of a node, and answers readers, at once or when there
/// is an event. Readers pull: a slow one costs nothing. Ends when told to exit; waiting
/// readers get `shutting_down`.
///
/// @param merger Shared with all senders of events: the log takes merged events out in
///               time, and tells it which events are waited for.
/// @param wall   The time of merged events.
event_log_actor::behavior_type
event_log(event_log_actor::stateful_pointer<event_log_state> self,
          alarm_clock_actor alarms, std::shared_ptr<event_merger> merger,
          node_clock wall);

} // namespace peerage
