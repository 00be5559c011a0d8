// SPDX-License-Identifier: MIT
#include "actors/peer_set/peer_set_gossip.hpp"

#include "actors/base/gathering.hpp"
#include "actors/peer_set/peer_set_counts.hpp"
#include "actors/peer_set/send_routed.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace peerage::routing {

namespace {

/// A peer is not asked for addresses twice within this time (zebra's
/// MIN_PEER_GET_ADDR_INTERVAL; most nodes answer a connection only once anyway).
constexpr std::chrono::seconds getaddr_interval{31};

} // namespace

void to_all(self_pointer self, const announce_block& what) {
  auto shared = std::make_shared<const request>(what);
  for (auto peer : self->state.routes.announce_to_all(shared))
    push(self, peer, what);
  publish(self);
}

caf::result<gathered_addresses> gather(self_pointer self, const gather_addresses& what) {
  auto& state = self->state;
  auto now = self->clock().now();
  // Outbound peers only: inbound ones answer getaddr with silence.
  std::vector<peer_set_state::member*> askable;
  for (auto& [id, member] : state.members)
    if (member.info.direction == peer_direction::outbound &&
        (!member.asked_for_addresses ||
         now - *member.asked_for_addresses >= getaddr_interval))
      askable.push_back(&member);
  auto count = std::min(what.fan_out, askable.size());
  for (std::size_t i = 0; i < askable.size(); ++i)
    std::swap(askable[i], askable[i + state.context->random.below(askable.size() - i)]);
  std::stable_partition(askable.begin(), askable.end(), [](const auto* x) {
    return !x->asked_for_addresses.has_value();
  });
  askable.resize(count);
  if (askable.empty())
    return gathered_addresses{};

  auto promise = self->make_response_promise<gathered_addresses>();
  auto all = std::make_shared<gathering<gathered_addresses>>(
    [promise](gathered_addresses&& x) mutable { promise.deliver(x); });
  all->found.asked = count;
  for (auto* member : askable) {
    all->expect();
    member->asked_for_addresses = now;
    auto route = state.routes.started(member->info.id, request_kind::get_addresses, now);
    send_routed<addresses>(
      self, route, get_addresses{what.timeout},
      [self, all, taker = what.taker,
       peer = member->info.id](std::variant<reply, caf::error>&& result) {
        if (auto* value = std::get_if<reply>(&result)) {
          auto& entries = std::get<addresses>(*value).entries;
          ++all->found.answers;
          all->found.entries += entries.size();
          self->send(taker, addresses_answered{{peer, std::move(entries)}});
        }
        all->one_less();
      });
  }
  all->close();
  publish(self);
  return promise;
}

void tell(self_pointer self, tell_addresses&& what) {
  if (self->state.members.contains(what.peer))
    push(self, what.peer, what.what);
}

} // namespace peerage::routing
