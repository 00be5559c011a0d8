#pragma once

#include "actors/alarm_clock.hpp"
#include "actors/event_history.hpp"
#include "actors/interfaces.hpp"
#include "actors/waiters.hpp"

#include <caf/stateful_actor.hpp>

namespace peerage {

using event_log_actor =
  event_sink_actor::extend<caf::replies_to<get_events>::with<event_batch>,
                           caf::replies_to<get_event_history>::with<event_batch>,
                           // INTERNAL: somebody has waited long enough.
                           caf::reacts_to<alarm>>;

struct event_log_state {
  event_log_state() = default;
  alarm_clock_actor alarms;
  event_history history;
  waiters<get_events, event_batch> waiting;
  static inline const char* name = "event_log";
};

/// Numbers and remembers what happens in a node, and answers who asks or waits for it.
/// Readers pull: it sends nothing unasked, so a slow one costs it nothing. Ends when told
/// to exit; who still waits gets `shutting_down`.
event_log_actor::behavior_type
event_log(event_log_actor::stateful_pointer<event_log_state> self,
          alarm_clock_actor alarms);

} // namespace peerage
