// SPDX-License-Identifier: MIT
#include "actors/peer_set/peer_set_waits.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace peerage::routing {

namespace {

/// How far it is: `met`, or what there is instead.
peers_waited_for describe(const peer_set_state& state, const wait_for_peers& x) {
  using condition = wait_for_peers::condition;
  peers_waited_for result;
  result.counts = state.counts;
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

} // namespace

void open_waits(self_pointer self) {
  self->state.waiting.open(self->state.context->alarms, [self](const wait_for_peers& x) {
    const auto found = describe(self->state, x);
    return decltype(peer_set_state::waiting)::finding{found, found.met};
  });
}

caf::result<peers_waited_for> wait(self_pointer self, const wait_for_peers& x) {
  if (self->state.stopping)
    return caf::make_error(request_error::shutting_down);
  return self->state.waiting.ask(self, x, x.timeout);
}

} // namespace peerage::routing
