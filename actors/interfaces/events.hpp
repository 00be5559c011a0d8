// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/alarm_clock.hpp"
#include "actors/base/cancel_request.hpp"
#include "messages/events.hpp"
#include "messages/type_ids.hpp"

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

namespace peerage {

/// Takes every event of a node: the EVENT_LOG.
using event_sink = caf::typed_actor<caf::reacts_to<event>>;

/// Numbers and remembers the events of a node.
using event_log_actor = event_sink::extend<
  // Readers of events. Answers when there is an event, at the latest after the timeout of
  // the question.
  caf::replies_to<get_events>::with<event_batch>,
  // Status: the events of one peer or address that are still remembered.
  caf::replies_to<get_event_history>::with<event_batch>,
  // Callers of get_events: the answer is no longer wanted.
  caf::reacts_to<cancel_request>,
  // INTERNAL: a waiter's time is over, or merged events are due.
  caf::reacts_to<alarm>>;

} // namespace peerage
