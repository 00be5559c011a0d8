// SPDX-License-Identifier: MIT
#include "actors/peer_set/peer_set_counts.hpp"

#include "messages/checks/mutant.hpp"

#include <caf/stateful_actor.hpp>

namespace peerage::routing {

peer_set_snapshot count(const peer_set_state& state) {
  auto counts = state.routes.counts();
  peer_set_snapshot result;
  result.ready = counts.ready;
  result.unready = counts.unready;
  result.total = is_on(mutant::total_counted_apart) ? state.counts.total : counts.total();
  result.inbound = state.inbound;
  result.outbound = result.total - result.inbound;
  result.ready_inbound = counts.ready_inbound;
  result.exits = state.exits;
  for (std::size_t i = 0; i < request_kind_count; ++i)
    result.outbound_requests[i] =
      state.routes.outbound_requests(static_cast<request_kind>(i));
  return result;
}

void publish(self_pointer self) {
  auto& state = self->state;
  state.counts = count(state);
  if (state.options.published)
    state.options.published->store(state.counts);
  state.waiting.check(self);
}

void quit_if_done(self_pointer self) {
  auto& state = self->state;
  if (state.stopping && state.members.empty() && state.under_way == 0)
    self->quit(caf::exit_reason::user_shutdown);
}

} // namespace peerage::routing
