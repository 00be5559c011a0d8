// SPDX-License-Identifier: MIT
#include "app/service_notifier.hpp"

#include "actors/peer/node_context.hpp"
#include "app/service_manager.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace peerage {

namespace {

using notifier_pointer = service_notifier_actor::stateful_pointer<service_notifier_state>;

/// As long as nobody waits for more.
constexpr std::chrono::milliseconds usual_pace{10'000};

void ask(notifier_pointer self, const peer_manager_actor& manager) {
  // It answers within its own deadlines, or fails; or it has ended.
  self->request(manager, caf::infinite, get_node_snapshot{})
    .then(
      [](const node_snapshot& x) {
        service_manager::tell_status(status_line(x));
        service_manager::tell_alive();
      },
      [](const caf::error&) {});
}

} // namespace

std::string status_line(const node_snapshot& x) {
  auto result = fmt::format("{} {} ({} outbound, {} inbound)", x.peers.ready,
                            x.peers.ready == 1 ? "peer" : "peers",
                            x.peers.ready - x.peers.ready_inbound, x.peers.ready_inbound);
  if (const auto connecting = x.dials_in_flight + x.handshakes_in_flight; connecting > 0)
    result += fmt::format(", {} more connecting", connecting);
  result += fmt::format(", {} known addresses", x.known_addresses);
  if (!x.network_active)
    result += "; networking is switched off";
  return result;
}

std::chrono::milliseconds
notify_pace(std::optional<std::chrono::microseconds> watchdog_limit) {
  if (!watchdog_limit)
    return usual_pace;
  return std::clamp(
    std::chrono::duration_cast<std::chrono::milliseconds>(*watchdog_limit / 3),
    std::chrono::milliseconds{1}, usual_pace);
}

service_notifier_actor::behavior_type
service_notifier(notifier_pointer self, const peer_manager_actor& manager,
                 const std::shared_ptr<node_context>& context,
                 std::chrono::milliseconds pace) {
  self->send(self, alarm{});
  return {
    [self, manager, context, pace](const alarm&) {
      self->state.next.set(self, context->alarms, self->clock().now() + pace);
      ask(self, manager);
    },
  };
}

} // namespace peerage
