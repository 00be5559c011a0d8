// SPDX-License-Identifier: MIT
#include "actors/peer/handshake.hpp"

#include "actors/peer/client.hpp"
#include "actors/peer/connection.hpp"
#include "actors/peer/message_trace.hpp"
#include "messages/checks/mutant.hpp"

#include <caf/stateful_actor.hpp>

namespace peerage {

namespace {

using handshake_pointer = handshake_actor::stateful_pointer<handshake_state>;

/// Cancels the alarm: the clock must not collect entries of ended actors.
void leave_clock(handshake_pointer self) {
  const auto& alarms = self->state.context->alarms;
  if (!is_on(mutant::alarm_left_behind))
    self->send(alarms, cancel_alarm{0});
  self->demonitor(alarms.address());
}

void fail(handshake_pointer self, peer_exit reason) {
  auto& state = self->state;
  const auto nonce = state.protocol->nonce();
  // The accepting side has recognised our nonce, and closed.
  if (nonce != 0 && !is_on(mutant::own_nonce_unseen_by_dialer) &&
      state.context->nonces.was_met(nonce))
    reason = peer_exit::self_connection;
  auto misbehaved = misbehaviour_of(reason);
  // The very first header makes no sense, be it by its magic or its length: nodes that
  // prefer v2 (BIP 324) open with random bytes, and come again as v1.
  if ((reason == peer_exit::wrong_magic || reason == peer_exit::oversized_message) &&
      !state.protocol->has_received())
    misbehaved.reset();
  state.outcome->fail(reason, misbehaved);
  leave_clock(self);
  self->quit(caf::make_error(reason));
}

void flush(handshake_pointer self) {
  auto& state = self->state;
  auto& outbox = state.protocol->outbox();
  if (outbox.empty())
    return;
  outbox.tally().report([&](wire::command type, std::uint64_t messages) {
    state.context->counters.messages_sent[static_cast<std::size_t>(type)].fetch_add(
      messages, std::memory_order_relaxed);
  });
  auto messages = outbox.take();
  trace_sent(state.protocol->info(), messages);
  state.connection->send(std::move(messages));
}

/// Starts CONNECTION and CLIENT. The client's only strong handle leaves with the outcome.
void start_group(handshake_pointer self) {
  auto& state = self->state;
  auto info = state.protocol->info();
  info.handshake = self->clock().now() - state.started;
  state.context->counters.handshakes.observe(
    std::chrono::duration<double>(info.handshake).count());
  auto group = self->spawn(connection, state.context, std::move(state.connection), info,
                           state.protocol->take_traffic(), state.opened);
  auto front = self->spawn(client, group);
  self->send(group, attach_client{front.address()});
  state.outcome->ready({std::move(info), std::move(front)});
  leave_clock(self);
  self->quit();
}

peer_snapshot describe(handshake_pointer self) {
  const auto& state = self->state;
  peer_snapshot result;
  state.protocol->describe(result);
  result.connected_since = state.opened;
  describe_transport(*state.connection, result);
  return result;
}

void start_deadline(handshake_pointer self) {
  const auto& context = *self->state.context;
  self->send(context.alarms,
             set_alarm{0, self->clock().now() + context.timing.handshake_timeout});
}

void on_deadline(handshake_pointer self) {
  auto& state = self->state;
  const auto now = self->clock().now();
  const auto last =
    state.started + state.context->timing.handshake_timeout + handshake_extension;
  const bool all_is_read =
    state.connection->backlog().unread == 0 && self->mailbox().size() == 0;
  if (now >= last || all_is_read)
    return fail(self, peer_exit::handshake_timeout);
  self->send(state.context->alarms, set_alarm{0, now + handshake_reading_pause});
}

} // namespace

handshake_actor::behavior_type handshake(handshake_pointer self, node_context_ptr context,
                                         transport_ptr connection,
                                         peer_outcome_ptr outcome) {
  auto& state = self->state;
  state.context = std::move(context);
  state.outcome = std::move(outcome);
  state.connection = std::move(connection);
  state.started = self->clock().now();
  state.opened = state.context->wall.precise_now();
  state.keep = caf::actor_cast<caf::strong_actor_ptr>(self);
  self->set_exit_handler([self](caf::exit_msg& x) { fail(self, exit_of(x.reason)); });
  self->set_down_handler(
    [self](caf::down_msg&) { fail(self, peer_exit::shutting_down); });
  self->monitor(state.context->alarms);

  peer_info info;
  info.id = state.outcome->id();
  info.remote = state.connection->remote();
  info.local = state.connection->local();
  info.direction = state.outcome->direction();
  state.protocol = std::make_unique<handshake_protocol>(state.context, std::move(info));

  if (!is_on(mutant::handshake_deadline_missing))
    start_deadline(self);
  state.connection->set_sink(caf::actor_cast<caf::strong_actor_ptr>(self));
  state.protocol->start();
  flush(self);
  state.connection->grant();
  return {
    [self](const frame_batch& batch) {
      auto& protocol = *self->state.protocol;
      if (is_on(mutant::handshake_deadline_moves))
        start_deadline(self);
      for (const auto& frame : batch.frames) {
        trace_received(protocol.info(), frame);
        protocol.receive(frame);
      }
      flush(self);
      if (protocol.failure())
        fail(self, *protocol.failure());
      else if (protocol.done())
        start_group(self);
      else
        self->state.connection->grant();
    },
    [self](const transport_closed& x) { fail(self, x.reason); },
    [](const transport_drained&) {
      // What we send before verack is far too little to ever queue up.
    },
    [self](const alarm&) { on_deadline(self); },
    [self](get_peer_snapshot) { return describe(self); },
  };
}

} // namespace peerage
