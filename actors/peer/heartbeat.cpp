#include "actors/peer/heartbeat.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace peerage {

void heartbeat_schedule::on_sent(std::uint64_t nonce, time_point now) {
  // After a stall of ours one ping makes up for all that were missed.
  do
    next_ping_ += interval_;
  while (next_ping_ <= now);
  unanswered_.push_back({nonce, now + timeout_});
}

void heartbeat_schedule::on_pong(std::uint64_t nonce) {
  auto found = std::ranges::find(unanswered_, nonce, &sent::nonce);
  if (found != unanswered_.end())
    unanswered_.erase(unanswered_.begin(), found + 1);
}

void heartbeat_schedule::on_paused(bool paused, time_point now) {
  if (paused && !paused_since_) {
    paused_since_ = now;
  } else if (!paused && paused_since_) {
    for (auto& x : unanswered_)
      x.deadline += now - *paused_since_;
    paused_since_.reset();
  }
}

bool heartbeat_schedule::expired(time_point now) const {
  return !paused_since_ && !unanswered_.empty() && unanswered_.front().deadline <= now;
}

time_point heartbeat_schedule::next_event() const {
  if (paused_since_ || unanswered_.empty())
    return next_ping_;
  return std::min(next_ping_, unanswered_.front().deadline);
}

heartbeat_actor::behavior_type
heartbeat(heartbeat_actor::stateful_pointer<heartbeat_state> self,
          peer_context_ptr context, const heartbeat_sink_actor& sink, bool expects_pongs,
          const caf::strong_actor_ptr& mistaken_hold) {
  auto& state = self->state;
  const auto& timing = context->timing;
  state.schedule = {timing.ping_interval, timing.ping_timeout, self->clock().now()};
  state.context = std::move(context);
  state.sink = sink.address();
  state.expects_pongs = expects_pongs;
  state.mistaken_hold = mistaken_hold;

  auto wait = [self] {
    self->send(self->state.context->alarms,
               set_alarm{0, self->state.schedule.next_event()});
  };
  auto beat = [self, wait] {
    auto now = self->clock().now();
    auto& schedule = self->state.schedule;
    if (schedule.expired(now))
      return self->quit(caf::make_error(peer_exit::ping_timeout));
    if (schedule.ping_due(now)) {
      auto nonce = self->state.context->random.next_nonzero();
      schedule.on_sent(nonce, now);
      if (!self->state.expects_pongs)
        schedule.on_pong(nonce);
      if (auto to = caf::actor_cast<heartbeat_sink_actor>(self->state.sink))
        self->send(to, send_heartbeat{nonce});
    }
    wait();
  };
  beat();
  return {
    [self](const heartbeat_pong& x) { self->state.schedule.on_pong(x.nonce); },
    [self, wait](const reading_paused& x) {
      self->state.schedule.on_paused(x.paused, self->clock().now());
      wait();
    },
    [self](get_peer_group) {
      return peer_group{{{"heartbeat", self->id(), self->mailbox().size()}}};
    },
    [beat](const alarm&) { beat(); },
  };
}

} // namespace peerage
