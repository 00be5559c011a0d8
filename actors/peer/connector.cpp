#include "actors/peer/connector.hpp"

#include "actors/peer/handshake.hpp"

#include <caf/stateful_actor.hpp>

namespace peerage {

connector_actor::behavior_type
connector(connector_actor::stateful_pointer<connector_state> self,
          peer_context_ptr context, const endpoint& to, const caf::actor_addr& sink) {
  auto leave_clock = [self] {
    const auto& alarms = self->state.context->alarms;
    self->send(alarms, cancel_alarm{0});
    self->demonitor(alarms.address());
  };
  auto fail = [self, leave_clock](peer_exit reason) {
    self->state.outcome->fail(reason);
    leave_clock();
    self->quit(caf::make_error(reason));
  };
  self->set_exit_handler([fail](caf::exit_msg& x) { fail(exit_of(x.reason)); });
  self->set_down_handler([fail](caf::down_msg&) { fail(peer_exit::shutting_down); });
  self->state.keep = caf::actor_cast<caf::strong_actor_ptr>(self);
  self->state.outcome = std::make_shared<peer_outcome>(sink, to, direction::outbound);
  self->state.context = std::move(context);
  const auto& shared = *self->state.context;
  self->monitor(shared.alarms);
  self->send(shared.alarms,
             set_alarm{0, self->clock().now() + shared.timing.connect_timeout});
  self->state.attempt = shared.sockets->connect(
    to, shared.network.magic, caf::actor_cast<caf::strong_actor_ptr>(self));
  return {
    [self, leave_clock](const connected& x) {
      auto& state = self->state;
      leave_clock();
      self->spawn(handshake, state.context, x.connection, state.outcome);
      self->quit();
    },
    [fail](const connect_failed& x) { fail(x.reason); },
    [fail](const alarm&) { fail(peer_exit::connect_timeout); },
  };
}

} // namespace peerage
