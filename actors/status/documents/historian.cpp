// SPDX-License-Identifier: MIT
#include "actors/status/documents/historian.hpp"

#include "actors/base/gathering.hpp"
#include "actors/interfaces/attempts.hpp"
#include "actors/peer/node_context.hpp"

#include <numeric>

namespace peerage {

namespace {

using historian_pointer = historian_actor::stateful_pointer<historian_state>;

constexpr std::uint64_t sample_alarm = 1;

struct answers {
  std::optional<peer_set_snapshot> peers;
  std::optional<attempt_counts> dials;
};

void take_sample(historian_pointer self) {
  const auto& parts = self->state.parts;
  self->send(parts.context->alarms,
             set_alarm{sample_alarm, self->clock().now() + node_history::pace});
  auto all = std::make_shared<gathering<answers>>([self](answers&& found) {
    if (!found.peers || !found.dials)
      return;
    const auto& context = *self->state.parts.context;
    const auto& traffic = context.sockets->totals();
    node_totals totals;
    totals.bytes_received = traffic.received;
    totals.bytes_sent = traffic.sent;
    totals.dials_succeeded = found.dials->offered;
    totals.dials_failed = std::accumulate(found.dials->failures.begin(),
                                          found.dials->failures.end(), std::uint64_t{0});
    totals.pings = context.counters.pings.counts();
    self->state.history.add(self->clock().now(), context.wall.precise_now(), *found.peers,
                            totals);
  });
  all->ask<peer_set_snapshot>(self, parts.peers, status_limits::source_deadline,
                              get_peer_set_snapshot{},
                              [](answers& to, peer_set_snapshot& x) { to.peers = x; });
  all->ask<attempt_counts>(self, parts.dialer, status_limits::source_deadline,
                           get_attempt_counts{},
                           [](answers& to, attempt_counts& x) { to.dials = x; });
  all->close();
}

} // namespace

historian_actor::behavior_type historian(historian_pointer self,
                                         const status_source_actor& manager) {
  // It answers, or ends.
  self->request(manager, caf::infinite, get_node_handles{})
    .await(
      [self](node_handles& parts) {
        self->state.parts = std::move(parts);
        take_sample(self);
      },
      [self](caf::error& failure) { self->quit(std::move(failure)); });
  return {
    [self](const get_history&) { return history_samples{self->state.history.samples()}; },
    [self](const alarm&) { take_sample(self); },
  };
}

} // namespace peerage
