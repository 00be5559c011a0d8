// SPDX-License-Identifier: MIT
#include "actors/base/alarm_clock.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

namespace peerage {

namespace {

using alarm_clock_pointer = alarm_clock_actor::stateful_pointer<alarm_clock_state>;

void forget(alarm_clock_state& state, const alarm_clock_state::key& key) {
  auto found = state.by_owner.find(key);
  if (found == state.by_owner.end())
    return;
  state.pending.erase(found->second);
  state.by_owner.erase(found);
}

void schedule_tick(alarm_clock_pointer self) {
  auto& state = self->state;
  if (state.pending.empty() || state.pending.begin()->first >= state.next_tick)
    return;
  // Later ticks that are under way already are harmless: they find nothing due.
  state.next_tick = state.pending.begin()->first;
  auto wait = std::max(state.next_tick - self->clock().now(), time_point::duration{});
  self->delayed_send(self, wait, caf::tick_atom_v);
}

void ring(alarm_clock_pointer self) {
  auto& state = self->state;
  auto now = self->clock().now();
  while (!state.pending.empty() && state.pending.begin()->first <= now) {
    auto due = state.pending.begin()->second;
    forget(state, {due.who.id(), due.token});
    if (auto who = caf::actor_cast<caf::actor>(due.who))
      caf::anon_send(who, alarm{due.token});
  }
}

} // namespace

own_alarm::~own_alarm() {
  if (clock_)
    caf::anon_send(clock_, drop_alarm{who_, 0});
}

alarm_clock_actor::behavior_type alarm_clock(alarm_clock_pointer self) {
  return {
    [self](const set_alarm& x) {
      auto who = caf::actor_cast<caf::actor_addr>(self->current_sender());
      if (!who)
        return;
      alarm_clock_state::key key{who.id(), x.token};
      forget(self->state, key);
      self->state.by_owner[key] =
        self->state.pending.emplace(x.due, alarm_clock_state::entry{who, x.token});
      schedule_tick(self);
    },
    [self](const cancel_alarm& x) {
      if (auto who = self->current_sender())
        forget(self->state, {who->id(), x.token});
    },
    [self](const drop_alarm& x) {
      forget(self->state, {x.who, x.token});
    },
    [self](caf::tick_atom) {
      if (self->clock().now() >= self->state.next_tick)
        self->state.next_tick = time_point::max();
      ring(self);
      schedule_tick(self);
    },
  };
}

} // namespace peerage
