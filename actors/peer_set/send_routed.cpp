// SPDX-License-Identifier: MIT
#include "actors/peer_set/send_routed.hpp"

#include "actors/peer_set/peer_set_requests.hpp"

#include <chrono>

namespace peerage::routing {

namespace {

/// Sends the announcements that wait for this peer, if it is ready again.
void send_deferred(self_pointer self, peer_id peer) {
  for (const auto& what : self->state.routes.take_deferred(peer))
    push(self, peer, std::get<announce_block>(*what));
}

} // namespace

caf::error normalised(caf::error&& why) {
  if (why && why.category() == caf::atom("request"))
    return std::move(why);
  return caf::make_error(outcome_of(why), exit_of(why));
}

void ended(self_pointer self, const routed_request& route,
           std::optional<request_error> failure) {
  auto& state = self->state;
  --state.under_way;
  state.context->counters.requests.observe(
    std::chrono::duration<double>(self->clock().now() - route.sent).count());
  if (state.routes.finished(route, self->clock().now(), failure))
    send_deferred(self, route.peer);
  use_room(self);
  publish(self);
}

} // namespace peerage::routing
