// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/alarm_clock.hpp"
#include "actors/interfaces/node.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace peerage {

struct node_context;

/// The line about a node that the service manager shows:
/// "12 peers (8 outbound, 4 inbound), 2 more connecting, 5120 known addresses".
std::string status_line(const node_snapshot& x);

/// How often the service manager hears of a node: every 10 s, or three times within the
/// watchdog's limit if that is sooner, so that one late answer does not end the node.
std::chrono::milliseconds
notify_pace(std::optional<std::chrono::microseconds> watchdog_limit);

/// SERVICE_NOTIFIER: tells the service manager how the node is, and that it lives: only
/// after all owners of its state have answered, so that one that hangs has the node
/// started again.
using service_notifier_actor = caf::typed_actor<
  // INTERNAL: it is time to ask again.
  caf::reacts_to<alarm>>;

struct service_notifier_state {
  service_notifier_state() = default;

  own_alarm next;
  static inline const char* name = "service_notifier";
};

service_notifier_actor::behavior_type
service_notifier(service_notifier_actor::stateful_pointer<service_notifier_state> self,
                 const peer_manager_actor& manager,
                 const std::shared_ptr<node_context>& context,
                 std::chrono::milliseconds pace);

} // namespace peerage
