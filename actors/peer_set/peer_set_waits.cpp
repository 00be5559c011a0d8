// SPDX-License-Identifier: MIT
#include "actors/peer_set/peer_set_waits.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace peerage::routing {

namespace {

/// A dial that failed this long before the wait began is the one that is meant: a caller
/// that asks for a dial and then waits for its peer may come too late to see it fail.
constexpr std::chrono::seconds just_failed{10};

/// Adds what became of the dial that is waited for.
void add_dial(const peer_set_state& state, const peer_set_state::wait& x,
              peers_waited_for& to) {
  const auto* dial =
    x.what.who.address.port == 0 ? nullptr : state.dials.find(x.what.who.address);
  if (!dial || dial->at < x.began - just_failed)
    return;
  to.dial_failure = dial->reason;
  to.hopeless = !dial->again || *dial->again > x.until;
}

/// How far it is: `met`, or what there is instead.
peers_waited_for describe(const peer_set_state& state, const peer_set_state::wait& wait) {
  using condition = wait_for_peers::condition;
  const auto& x = wait.what;
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
    else
      add_dial(state, wait, result);
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
  self->state.waiting.open(self->state.context->alarms, [self](
                                                          const peer_set_state::wait& x) {
    const auto found = describe(self->state, x);
    return decltype(peer_set_state::waiting)::finding{found, found.met || found.hopeless};
  });
}

caf::result<peers_waited_for> wait(self_pointer self, const wait_for_peers& x) {
  if (self->state.stopping)
    return caf::make_error(request_error::shutting_down);
  const auto now = self->clock().now();
  return self->state.waiting.ask(self, {x, now, now + x.timeout}, x.timeout);
}

} // namespace peerage::routing
