// SPDX-License-Identifier: MIT
#include "actors/peer/heartbeat.hpp"

#include "messages/checks/mutant.hpp"

#include <caf/stateful_actor.hpp>

namespace peerage {

heartbeat_actor::behavior_type
heartbeat(heartbeat_actor::stateful_pointer<heartbeat_state> self,
          node_context_ptr context, const heartbeat_sink_actor& sink,
          bool expects_pongs) {
  auto& state = self->state;
  const auto& timing = context->timing;
  state.schedule = {timing.ping_interval, timing.ping_timeout, expects_pongs,
                    self->clock().now()};
  state.context = std::move(context);
  state.sink = sink.address();

  auto beat = [self] {
    auto& our = self->state;
    auto now = self->clock().now();
    if (auto to = caf::actor_cast<heartbeat_sink_actor>(our.sink)) {
      if (our.schedule.ping_due(now)) {
        auto nonce = our.context->random.next_nonzero();
        our.schedule.on_sent(nonce, now);
        our.looking = true;
        self->send(to, send_heartbeat{nonce});
        if (is_on(mutant::ping_sent_twice))
          self->send(to, send_heartbeat{nonce});
      } else if (!our.looking && our.schedule.look_due(now)) {
        our.looking = true;
        self->send(to, look_at_progress{});
      }
    }
    // A look under way sets the alarm when it ends.
    if (!our.looking && !is_on(mutant::heartbeat_forgets_alarm))
      our.alarm.set(self, our.context->alarms, our.schedule.next_event());
  };
  beat();
  return {
    [self](const heartbeat_pong& x) { self->state.schedule.on_pong(x.nonce); },
    [self, beat](const reading_paused& x) {
      self->state.schedule.on_paused(x.paused, self->clock().now());
      beat();
    },
    [self, beat](const peer_progress& x) {
      self->state.looking = false;
      if (auto reason = self->state.schedule.on_progress(x, self->clock().now()))
        return is_on(mutant::heartbeat_ends_alone) ? self->quit()
                                                   : self->quit(caf::make_error(*reason));
      beat();
    },
    [self](get_peer_group) {
      return peer_group{{{"heartbeat", self->id(), self->mailbox().size()}}};
    },
    [beat](const alarm&) { beat(); },
  };
}

} // namespace peerage
