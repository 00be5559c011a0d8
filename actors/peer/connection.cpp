// SPDX-License-Identifier: MIT
#include "actors/peer/connection.hpp"

#include "actors/interfaces/bans.hpp"
#include "actors/peer/message_trace.hpp"
#include "messages/checks/mutant.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <iterator>

namespace peerage {

namespace {

using connection_pointer = connection_actor::stateful_pointer<connection_state>;

/// A heartbeat that is ending does not hold up a description.
constexpr std::chrono::seconds group_timeout{1};

bool has_report(const connection_state& state) {
  return state.context->ban_manager && state.protocol->has_misbehaviour();
}

void report(connection_pointer self, time_point now) {
  auto& state = self->state;
  if (!has_report(state))
    return;
  state.reported_at = now;
  for (const auto& [cause, count] : state.protocol->take_misbehaviour())
    self->send(state.context->ban_manager,
               report_misbehaviour{state.protocol->info().remote, cause, count});
}

void end(connection_pointer self, peer_exit reason) {
  auto& state = self->state;
  report(self, self->clock().now());
  for (auto& [id, caller] : state.callers)
    if (!is_on(mutant::caller_dropped_at_end))
      caller.fail(request_error_for(reason));
  state.callers.clear();
  state.transport.reset();
  self->quit(caf::make_error(reason));
}

/// Hands the outbox to the socket; false if that ended the peer.
bool send_outbox(connection_pointer self) {
  auto& state = self->state;
  if (state.protocol->outbox().empty())
    return true;
  auto messages = state.protocol->outbox().take();
  trace_sent(state.protocol->info(), messages);
  switch (state.transport->send(std::move(messages))) {
  case transport::send_result::accepted: break;
  case transport::send_result::congested: state.congested = true; break;
  case transport::send_result::overflow:
    end(self, peer_exit::unsent_overflow);
    return false;
  }
  return true;
}

void deliver_completed(connection_pointer self) {
  auto& state = self->state;
  if (!state.protocol->has_completed())
    return;
  for (auto& done : state.protocol->take_completed()) {
    auto found = state.callers.find(done.id);
    if (found == state.callers.end())
      continue;
    found->second.deliver(std::move(done.result));
    state.callers.erase(found);
    if (auto front = caf::actor_cast<client_actor>(state.client))
      self->send(front, request_finished{});
  }
}

void flush(connection_pointer self, time_point now);

void on_service_answer(connection_pointer self, std::uint64_t number,
                       const service_answer& answer) {
  auto& state = self->state;
  if (!state.question.close(number))
    return; // late
  auto now = self->clock().now();
  if (state.question.should_end(answer, now, state.context->random))
    return end(self, peer_exit::load_shed);
  state.protocol->on_service_answer(answer, now);
  flush(self, now);
}

/// Asks the node one thing, unless an answer is due or the remote reads nothing.
void ask_service(connection_pointer self, time_point now) {
  auto& state = self->state;
  if (state.question.is_open() || state.congested)
    return;
  auto next = state.protocol->next_service_request();
  if (!next)
    return;
  auto number = state.question.open(now + state.context->timing.service_timeout);
  auto failed = [self, number](caf::error& why) {
    on_service_answer(self, number, std::move(why));
  };
  std::visit(
    [&](auto& what) {
      // No timeout of CAF's, which would keep a timer for each: the deadline above rules.
      const auto& context = *state.context;
      auto response =
        self->request(context.dispatcher ? context.dispatcher : context.service,
                      caf::infinite, std::move(what));
      using answer_type = typename std::decay_t<decltype(what)>::reply;
      if constexpr (std::is_void_v<answer_type>)
        response.then([self, number] { on_service_answer(self, number, caf::unit); },
                      failed);
      else
        response.then(
          [self, number](answer_type& value) {
            on_service_answer(self, number, std::move(value));
          },
          failed);
    },
    *next);
}

void update_alarm(connection_pointer self) {
  auto& state = self->state;
  auto due = state.protocol->next_deadline();
  auto consider = [&due](const std::optional<time_point>& other) {
    if (other && (!due || *other < *due))
      due = other;
  };
  consider(state.question.deadline());
  if (has_report(state))
    consider(*state.reported_at + report_interval);
  // An alarm that rings too early is cheaper than one that is moved for every request.
  if (!due || (state.alarm_at && *state.alarm_at <= *due))
    return;
  state.alarm_at = due;
  state.alarm.set(self, state.context->alarms, *due);
}

/// Gives credit while the remote reads what we send and the node keeps up.
void update_credit(connection_pointer self) {
  auto& state = self->state;
  auto paused = state.protocol->inbound_is_full();
  if (paused != state.paused) {
    state.paused = paused;
    self->send(state.heartbeat, reading_paused{paused});
  }
  if (state.congested || paused || is_on(mutant::credit_never_returned))
    return;
  for (; state.owed > 0; --state.owed) {
    state.transport->grant();
    if (is_on(mutant::credit_granted_twice))
      state.transport->grant();
  }
}

/// All consequences of an input.
void flush(connection_pointer self, time_point now) {
  auto& state = self->state;
  state.protocol->report_traffic();
  if (!send_outbox(self))
    return;
  deliver_completed(self);
  for (auto nonce : state.protocol->take_heartbeat_pongs())
    self->send(state.heartbeat, heartbeat_pong{nonce});
  if (state.protocol->end())
    return end(self, *state.protocol->end());
  ask_service(self, now);
  if (!state.reported_at || now - *state.reported_at >= report_interval)
    report(self, now);
  update_alarm(self);
  update_credit(self);
}

/// All that was read is handled by now: only bytes that the transport has not read still
/// wait.
void tell_progress(connection_pointer self) {
  auto& state = self->state;
  if (!state.transport)
    return; // has ended
  const auto traffic = state.transport->traffic();
  const auto backlog = state.transport->backlog();
  peer_progress found;
  found.received = traffic.received;
  found.delivered = traffic.sent - std::min(traffic.sent, backlog.undelivered);
  found.messages = state.protocol->sound_messages();
  found.unread = backlog.unread > 0;
  found.congested = state.congested;
  self->send(state.heartbeat, found);
}

template <class Request>
auto taking(connection_pointer self) {
  return [self](Request& x) -> caf::result<typename Request::reply> {
    auto& state = self->state;
    auto promise = self->template make_response_promise<typename Request::reply>();
    auto id = ++state.last_request;
    state.callers.emplace(id, pending_reply{promise});
    auto now = self->clock().now();
    state.protocol->add_request(id, std::move(x), now);
    flush(self, now);
    return promise;
  };
}

void on_cancel(connection_pointer self, const cancel_request& what) {
  auto& state = self->state;
  auto found = std::ranges::find_if(state.callers, [&](const auto& caller) {
    return caller.second.is_meant(what, self->current_sender());
  });
  if (found == state.callers.end())
    return; // answered just now
  auto now = self->clock().now();
  state.protocol->cancel_request(found->first, now);
  flush(self, now);
}

peer_snapshot snapshot_of(connection_pointer self) {
  auto& state = self->state;
  peer_snapshot result;
  state.protocol->describe(result, self->clock().now());
  result.connected_since = state.opened;
  describe_transport(*state.transport, result);
  result.reading_paused = state.owed > 0;
  result.credit = batches_ahead - std::min(state.owed, batches_ahead);
  return result;
}

caf::result<peer_group> describe_group(connection_pointer self, peer_group x) {
  x.actors.push_back({"connection", self->id(), self->mailbox().size()});
  auto promise = self->make_response_promise<peer_group>();
  self->request(self->state.heartbeat, group_timeout, get_peer_group{})
    .then(
      [promise, x](peer_group& theirs) mutable {
        std::ranges::move(theirs.actors, std::back_inserter(x.actors));
        promise.deliver(std::move(x));
      },
      [promise, x](caf::error&) mutable { promise.deliver(std::move(x)); });
  return promise;
}

void start(connection_pointer self, const caf::actor_addr& client) {
  auto& state = self->state;
  state.client = client;
  // CAF monitors an address without asking whether its actor still exists: hold it first.
  auto front = caf::actor_cast<client_actor>(client);
  if (!front)
    return self->send(self, client_ended{peer_exit::client_dropped});
  self->monitor(front);
  const bool expects_pongs =
    state.protocol->info().protocol > wire::limits::last_without_pong;
  state.heartbeat = self->spawn<caf::linked>(
    heartbeat, state.context, caf::actor_cast<heartbeat_sink_actor>(self), expects_pongs);
  if (is_on(mutant::heartbeat_holds_client))
    caf::actor_cast<caf::abstract_actor*>(state.heartbeat)->attach_functor([front] {});
  state.transport->set_sink(caf::actor_cast<caf::strong_actor_ptr>(self));
  state.transport->finish_handshake();
}

} // namespace

connection_actor::behavior_type connection(connection_pointer self,
                                           node_context_ptr context,
                                           transport_ptr transport, const peer_info& info,
                                           traffic_so_far traffic, double opened) {
  auto& state = self->state;
  state.protocol = std::make_unique<protocol>(context, info, std::move(traffic));
  state.context = std::move(context);
  state.transport = std::move(transport);
  state.opened = opened;
  self->set_exit_handler([self](caf::exit_msg& x) { end(self, exit_of(x.reason)); });
  self->set_down_handler([self](caf::down_msg& x) { end(self, exit_of(x.reason)); });
  return answering_each<connection_actor::behavior_type>(
    std::type_identity<request>{},
    // First, because CAF looks handlers up in this order.
    [self](const frame_batch& batch) {
      auto now = self->clock().now();
      ++self->state.owed;
      for (const auto& frame : batch.frames) {
        trace_received(self->state.protocol->info(), frame);
        self->state.protocol->receive(frame, now);
      }
      flush(self, now);
    },
    [self]<class Request>() { return taking<Request>(self); },
    [self](get_peer_snapshot) { return snapshot_of(self); },
    [self](peer_group& x) { return describe_group(self, std::move(x)); },
    [self](const cancel_request& x) { on_cancel(self, x); },
    [self](const attach_client& x) { start(self, x.client); },
    [self](const client_ended& x) { end(self, x.reason); },
    [self](const transport_closed& x) { end(self, x.reason); },
    [self](const transport_drained&) {
      self->state.congested = false;
      flush(self, self->clock().now());
    },
    [self](const send_heartbeat& x) {
      auto now = self->clock().now();
      self->state.protocol->send_heartbeat(x.nonce, now);
      flush(self, now);
      tell_progress(self);
    },
    [self](look_at_progress) { tell_progress(self); },
    [self](ping_now) {
      auto now = self->clock().now();
      self->state.protocol->ping(now);
      flush(self, now);
    },
    [self](const alarm&) {
      auto now = self->clock().now();
      self->state.alarm_at.reset();
      self->state.protocol->on_tick(now);
      if (is_on(mutant::request_timeout_ends_peer) &&
          self->state.protocol->has_completed())
        return end(self, peer_exit::ping_timeout);
      if (auto number = self->state.question.overdue(now))
        return on_service_answer(self, *number,
                                 caf::make_error(caf::sec::request_timeout));
      flush(self, now);
    });
}

} // namespace peerage
