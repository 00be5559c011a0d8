#include "actors/discovery/dialer.hpp"

#include <caf/stateful_actor.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace peerage {

namespace {

using self_pointer = dialer_actor::stateful_pointer<dialer_state>;
using phase = pinned_peer::phase;

void dial_due(self_pointer self) {
  auto& state = self->state;
  for (auto& peer : state.pinned) {
    if (state.counts.in_flight >= max_dials_in_flight ||
        state.counts.in_flight + state.connected >= state.max_outbound)
      return;
    if (peer.now != phase::due)
      continue;
    peer.now = phase::dialing;
    ++state.counts.in_flight;
    dial(self->system(), state.context, peer.remote,
         caf::actor_cast<peer_sink_actor>(self));
  }
}

pinned_peer* find(self_pointer self, const endpoint& remote) {
  auto found = std::ranges::find(self->state.pinned, remote, &pinned_peer::remote);
  return found == self->state.pinned.end() ? nullptr : &*found;
}

void redial_later(self_pointer self, pinned_peer& peer) {
  auto& state = self->state;
  peer.now = phase::waiting;
  auto doublings = std::min(peer.failures > 0 ? peer.failures - 1 : 0, 6u);
  caf::timespan pause = std::min(first_redial * (1 << doublings), longest_redial);
  // Up to a quarter more, so that peers that failed together do not return together.
  auto spread = static_cast<std::uint64_t>(pause.count() / 4);
  pause += caf::timespan{static_cast<std::int64_t>(state.context->random.below(spread))};
  auto token = static_cast<std::uint64_t>(&peer - state.pinned.data());
  self->send(state.context->alarms, set_alarm{token, self->clock().now() + pause});
}

} // namespace

dialer_actor::behavior_type dialer(self_pointer self, peer_context_ptr context,
                                   const std::vector<endpoint>& pinned,
                                   std::size_t max_outbound) {
  auto& state = self->state;
  state.context = std::move(context);
  state.max_outbound = max_outbound;
  for (const auto& remote : pinned)
    if (!find(self, remote))
      state.pinned.push_back({remote, phase::due, 0, {}});
  return {
    [self](const peer_ready& x) {
      // In flight until the set has it, so that it is never counted nowhere.
      self->send(self->state.peers, x);
    },
    [self](const peer_failed& x) {
      --self->state.counts.in_flight;
      ++self->state.counts.failures[static_cast<std::size_t>(x.reason)];
      if (auto* peer = find(self, x.remote)) {
        ++peer->failures;
        // Once, then quietly: a peer that is away may be so for days.
        spdlog::log(peer->failures == 1 ? spdlog::level::info : spdlog::level::debug,
                    "dial of {} failed: {}", to_string(x.remote), to_string(x.reason));
        redial_later(self, *peer);
      }
      dial_due(self);
    },
    [self](const attach_peer_set& x) {
      self->state.peers = x.peers;
      dial_due(self);
    },
    [self](const peer_joined& x) {
      if (x.info.way != direction::outbound)
        return;
      --self->state.counts.in_flight;
      ++self->state.connected;
      if (auto* peer = find(self, x.info.remote)) {
        peer->now = phase::connected;
        peer->connected_at = self->clock().now();
      }
      dial_due(self);
    },
    [self](const peer_left& x) {
      if (x.info.way != direction::outbound)
        return;
      --self->state.connected;
      if (auto* peer = find(self, x.info.remote)) {
        const bool was_settled = self->clock().now() - peer->connected_at >= settled;
        peer->failures = was_settled ? 0 : peer->failures + 1;
        redial_later(self, *peer);
      }
      dial_due(self);
    },
    [self](get_discovery_counts) { return self->state.counts; },
    [self](const alarm& x) {
      self->state.pinned[static_cast<std::size_t>(x.token)].now = phase::due;
      dial_due(self);
    },
  };
}

} // namespace peerage
