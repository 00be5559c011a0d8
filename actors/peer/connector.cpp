// SPDX-License-Identifier: MIT
#include "actors/peer/connector.hpp"

#include "messages/checks/mutant.hpp"

#include <caf/stateful_actor.hpp>

namespace peerage {

namespace {

using connector_pointer = connector_actor::stateful_pointer<connector_state>;

/// Cancels the alarm: the clock must not collect entries of ended actors.
void stop_clock(connector_pointer self) {
  const auto& alarms = self->state.context->alarms;
  self->send(alarms, cancel_alarm{0});
  self->demonitor(alarms.address());
}

void give_up(connector_pointer self, peer_exit reason) {
  auto& state = self->state;
  if (state.handshake) { // which has the outcome now
    if (!is_on(mutant::unwanted_handshake_goes_on))
      self->send_exit(state.handshake, caf::make_error(reason));
  } else {
    state.outcome->fail(reason, misbehaviour_of(reason));
    stop_clock(self);
  }
  self->quit(caf::make_error(reason));
}

void pass_on(connector_pointer self, const transport_ptr& connection) {
  auto& state = self->state;
  stop_clock(self);
  state.attempt.reset();
  state.handshake =
    self->spawn(handshake, state.context, connection, std::move(state.outcome));
  self->monitor(state.handshake);
}

} // namespace

connector_actor::behavior_type connector(connector_pointer self, node_context_ptr context,
                                         const endpoint& to, peer_outcome_ptr outcome) {
  auto& state = self->state;
  self->set_exit_handler([self](caf::exit_msg& x) { give_up(self, exit_of(x.reason)); });
  self->set_down_handler([self](caf::down_msg& x) {
    if (self->state.handshake)
      self->quit(x.reason);
    else
      give_up(self, peer_exit::shutting_down); // the clock has ended
  });
  state.keep = caf::actor_cast<caf::strong_actor_ptr>(self);
  state.outcome = std::move(outcome);
  state.context = std::move(context);
  const auto& shared = *state.context;
  self->monitor(shared.alarms);
  self->send(shared.alarms,
             set_alarm{0, self->clock().now() + shared.timing.connect_timeout});
  state.attempt = shared.sockets->connect(to, shared.network.magic,
                                          caf::actor_cast<caf::strong_actor_ptr>(self));
  return {
    [self](const connected& x) { pass_on(self, x.connection); },
    [self](const connect_failed& x) { give_up(self, x.reason); },
    [self](const alarm&) {
      if (!self->state.handshake) // else TCP opened as the alarm rang
        give_up(self, peer_exit::connect_timeout);
    },
    [self](get_peer_snapshot x) -> caf::result<peer_snapshot> {
      if (!self->state.handshake)
        return caf::make_error(request_error::not_found);
      return self->delegate(self->state.handshake, x);
    },
  };
}

} // namespace peerage
