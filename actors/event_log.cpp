#include "actors/event_log.hpp"

#include <algorithm>

namespace peerage {

namespace {

using event_log_pointer = event_log_actor::stateful_pointer<event_log_state>;

/// More at a time would only make one message large.
constexpr std::uint64_t longest_batch = 1'000;

event_batch find(const event_log_state& state, const get_events& x) {
  return state.history.since(x.from, std::min(x.limit, longest_batch), x.filter);
}

void take_in(event_log_pointer self, event&& x) {
  auto& state = self->state;
  state.history.add(std::move(x));
  if (state.waiting.empty())
    return;
  state.waiting.check(self, state.alarms,
                      [&](get_events& wanted) -> std::optional<event_batch> {
                        auto found = find(state, wanted);
                        if (!found.entries.empty())
                          return found;
                        wanted.from = found.next; // what was looked at is not again
                        return std::nullopt;
                      });
}

caf::result<event_batch> answer(event_log_pointer self, get_events& x) {
  auto& state = self->state;
  if (x.from == 0)
    x.from = state.history.next();
  auto found = find(state, x);
  if (!found.entries.empty() || x.wait <= caf::timespan::zero())
    return found;
  x.from = found.next;
  const auto wait = x.wait;
  return state.waiting.add(self, state.alarms, std::move(x), wait);
}

} // namespace

event_log_actor::behavior_type event_log(event_log_pointer self,
                                         alarm_clock_actor alarms) {
  self->state.alarms = std::move(alarms);
  self->set_exit_handler([self](caf::exit_msg& x) {
    self->state.waiting.fail_all(caf::make_error(request_error::shutting_down));
    self->quit(x.reason);
  });
  return {
    [self](event& x) { take_in(self, std::move(x)); },
    [self](get_events& x) { return answer(self, x); },
    [self](const get_event_history& x) { return self->state.history.of(x); },
    [self](const alarm& x) {
      self->state.waiting.expire(
        x.token, [self](const get_events& wanted) { return find(self->state, wanted); });
    },
  };
}

} // namespace peerage
