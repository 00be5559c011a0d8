#include "actors/peer/connector.hpp"

#include "actors/peer/handshake.hpp"

#include <caf/stateful_actor.hpp>

namespace peerage {

connector_actor::behavior_type
connector(connector_actor::stateful_pointer<connector_state> self,
          peer_context_ptr context, const endpoint& to, const caf::actor_addr& sink) {
  auto fail = [self](peer_exit reason) {
    self->state.outcome->fail(reason);
    self->quit(caf::make_error(reason));
  };
  self->set_exit_handler([fail](caf::exit_msg& x) { fail(exit_of(x.reason)); });
  self->state.outcome = std::make_shared<peer_outcome>(sink, to, direction::outbound);
  self->state.context = std::move(context);
  const auto& shared = *self->state.context;
  self->send(shared.alarms,
             set_alarm{0, self->clock().now() + shared.timing.connect_timeout});
  self->state.attempt = shared.sockets->connect(
    to, shared.network.magic, caf::actor_cast<caf::strong_actor_ptr>(self));
  return {
    [self](const connected& x) {
      auto& state = self->state;
      self->send(state.context->alarms, cancel_alarm{0});
      self->spawn(handshake, state.context, x.connection, state.outcome);
      self->quit();
    },
    [fail](const connect_failed& x) { fail(x.reason); },
    [fail](const alarm&) { fail(peer_exit::connect_timeout); },
  };
}

} // namespace peerage
