#pragma once

#include "actors/base/alarm_clock.hpp"
#include "actors/base/cancel_request.hpp"
#include "messages/events.hpp"
#include "messages/type_ids.hpp"

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

namespace peerage {

/// Where everybody tells what happens: the EVENT_LOG.
using event_sink = caf::typed_actor<caf::reacts_to<event>>;

/// Numbers and remembers what happens in a node.
using event_log_actor = event_sink::extend<
  // Readers of events. Answers when there is one, at the latest after the question's
  // time.
  caf::replies_to<get_events>::with<event_batch>,
  // Status: the events of one peer that are still remembered.
  caf::replies_to<get_event_history>::with<event_batch>,
  // Whoever sent a get_events: it need not be answered any more.
  caf::reacts_to<cancel_request>,
  // INTERNAL: somebody has waited long enough, or merged events are due.
  caf::reacts_to<alarm>>;

} // namespace peerage
