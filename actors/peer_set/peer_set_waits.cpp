#include "actors/peer_set/peer_set_waits.hpp"

#include "actors/peer_set/peer_set_requests.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace peerage::routing {

peers_waited_for describe_wait(self_pointer self, const wait_for_peers& x) {
  using condition = wait_for_peers::condition;
  const auto& state = self->state;
  peers_waited_for result;
  result.counts = count(state);
  if (x.what == condition::ready_count) {
    result.met = result.counts.ready >= x.count;
    return result;
  }
  auto member = std::ranges::find_if(state.members, [&](const auto& known) {
    return x.who.fits(known.second.info) &&
           (x.what != condition::ready || state.routes.is_ready(known.first));
  });
  if (x.what != condition::gone) {
    result.met = member != state.members.end();
    if (result.met)
      result.peer = member->second.info;
    return result;
  }
  if (member != state.members.end()) {
    result.peer = member->second.info;
    return result;
  }
  if (const auto* left = state.departed.find(x.who, x.reason)) {
    result.met = true;
    result.peer = left->info;
    result.reason = left->reason;
  }
  return result;
}

void answer_waiting(self_pointer self) {
  auto& state = self->state;
  state.waiting.check(self, state.context->alarms,
                      [&](const wait_for_peers& x) -> std::optional<peers_waited_for> {
                        auto found = describe_wait(self, x);
                        return found.met ? std::optional{found} : std::nullopt;
                      });
}

caf::result<peers_waited_for> wait(self_pointer self, const wait_for_peers& x) {
  auto& state = self->state;
  if (state.stopping)
    return caf::make_error(request_error::shutting_down);
  auto found = describe_wait(self, x);
  if (found.met || x.timeout <= caf::timespan::zero())
    return found;
  return state.waiting.add(self, state.context->alarms, x, x.timeout);
}

} // namespace peerage::routing
