// SPDX-License-Identifier: MIT
#include "actors/events/event_log.hpp"

#include <algorithm>
#include <utility>

namespace peerage {

namespace {

using event_log_pointer = event_log_actor::stateful_pointer<event_log_state>;

constexpr std::uint64_t merged_alarm = 1;

/// Events of one answer; more would only make one message large.
constexpr std::uint64_t longest_batch = 1'000;

waiters<get_events, event_batch>::finding find(const event_log_state& state,
                                               get_events& x) {
  auto found = state.history.since(x.from, std::min(x.limit, longest_batch), x.filter);
  x.from = found.next; // what was looked at is not again
  const bool is_any = !found.entries.empty();
  return {std::move(found), is_any};
}

/// The events waited for by name; a reader of everything waits for none in particular.
void tell_merger(event_log_state& state) {
  std::vector<event_filter> wanted;
  state.waiting.for_each([&](const get_events& x) {
    if (x.filter.types != event_filter{}.types)
      wanted.push_back(x.filter);
  });
  state.merger->set_wanted(std::move(wanted));
}

void take_in(event_log_pointer self, event&& x) {
  auto& state = self->state;
  state.history.add(std::move(x));
  if (state.waiting.empty())
    return;
  const auto before = state.waiting.size();
  state.waiting.check(self);
  if (state.waiting.size() < before)
    tell_merger(state);
}

void await_merged(event_log_pointer self) {
  auto& state = self->state;
  const auto due = state.merger->next_due();
  if (!due || std::exchange(state.merging, true))
    return;
  self->send(state.alarms, set_alarm{merged_alarm, *due});
}

void take_merged(event_log_pointer self) {
  self->state.merging = false;
  for (auto& x : self->state.merger->take_due(self->clock().now())) {
    x.time = self->state.wall.precise_now(); // the order of times is that of numbers
    take_in(self, std::move(x));
  }
  await_merged(self);
}

caf::result<event_batch> answer(event_log_pointer self, get_events& x) {
  auto& state = self->state;
  if (x.from == 0)
    x.from = state.history.next();
  const auto before = state.waiting.size();
  const auto wait = x.wait;
  auto result = state.waiting.ask(self, std::move(x), wait);
  if (state.waiting.size() == before)
    return result;
  tell_merger(state);
  return result;
}

} // namespace

event_log_actor::behavior_type event_log(event_log_pointer self, alarm_clock_actor alarms,
                                         std::shared_ptr<event_merger> merger,
                                         node_clock wall) {
  self->state.alarms = std::move(alarms);
  self->state.merger = std::move(merger);
  self->state.wall = std::move(wall);
  self->state.waiting.open(self->state.alarms,
                           [self](get_events& x) { return find(self->state, x); });
  self->set_exit_handler([self](caf::exit_msg& x) {
    self->state.waiting.fail_all(caf::make_error(request_error::shutting_down));
    self->quit(x.reason);
  });
  return {
    [self](event& x) {
      take_in(self, std::move(x));
      await_merged(self);
    },
    [self](get_events& x) { return answer(self, x); },
    [self](const get_event_history& x) { return self->state.history.of(x); },
    [self](const cancel_request& x) { self->state.waiting.cancel(self, x); },
    [self](const alarm& x) {
      if (x.token == merged_alarm)
        return take_merged(self);
      self->state.waiting.expire(x.token);
      tell_merger(self->state);
    },
  };
}

} // namespace peerage
