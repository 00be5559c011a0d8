// SPDX-License-Identifier: MIT
#include "actors/status/documents/mailbox_probes.hpp"

#include <caf/send.hpp>

namespace peerage {

namespace {

void probe(status_pointer self) {
  auto& state = self->state;
  if (std::exchange(state.is_probing, true))
    return;
  self->request(state.parts.peers, caf::infinite, mailbox_probe{self->clock().now(), {}})
    .then(
      [self](const mailbox_probe& x) {
        self->state.is_probing = false;
        self->state.mailbox_lag->observe(
          std::chrono::duration<double>(x.handled - x.sent).count());
      },
      [](caf::error&) {}); // the set has ended
}

} // namespace

void mailbox_probes::on_tick(const status_actor& status,
                             std::chrono::steady_clock::time_point now) {
  if (now < next_)
    return;
  next_ = now + interval;
  caf::anon_send(status, status_task{probe});
}

} // namespace peerage
