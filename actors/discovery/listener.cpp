#include "actors/discovery/listener.hpp"

#include <caf/stateful_actor.hpp>
#include <spdlog/spdlog.h>

namespace peerage {

namespace {

using self_pointer = listener_actor::stateful_pointer<listener_state>;

/// Connections the sockets may deliver ahead of us; each one handled grants the next.
constexpr std::size_t accept_credit = 64;

void refuse(self_pointer self, const endpoint& remote, peer_exit reason) {
  ++self->state.counts.failures[static_cast<std::size_t>(reason)];
  spdlog::info("inbound {} refused: {}", to_string(remote), to_string(reason));
}

void admit(self_pointer self, const transport_ptr& connection) {
  auto& state = self->state;
  auto ip = connection->remote().with_port(0);
  if (state.slots_taken >= state.limits.total)
    return refuse(self, connection->remote(), peer_exit::inbound_limit);
  const bool exempt =
    ip.is_loopback() && state.context->network.id == wire::network::regtest;
  auto& taken = state.slots[ip];
  if (!exempt && taken >= state.limits.per_ip)
    return refuse(self, connection->remote(), peer_exit::address_limit);
  ++taken;
  ++state.slots_taken;
  ++state.counts.in_flight;
  accept(self->system(), state.context, connection,
         caf::actor_cast<peer_sink_actor>(self));
}

void free_slot(self_pointer self, const endpoint& remote) {
  auto& state = self->state;
  auto found = state.slots.find(remote.with_port(0));
  if (found == state.slots.end())
    return;
  --state.slots_taken;
  if (--found->second == 0)
    state.slots.erase(found);
}

} // namespace

listener_actor::behavior_type listener(self_pointer self, peer_context_ptr context,
                                       std::vector<acceptor_ptr> acceptors,
                                       const inbound_limits& limits) {
  self->state.context = std::move(context);
  self->state.acceptors = std::move(acceptors);
  self->state.limits = limits;
  return {
    [self](const peer_ready& x) {
      --self->state.counts.in_flight;
      self->send(self->state.peers, x);
    },
    [self](const peer_failed& x) {
      --self->state.counts.in_flight;
      free_slot(self, x.remote);
      refuse(self, x.remote, x.reason);
    },
    [self](const attach_peer_set& x) {
      self->state.peers = x.peers;
      auto sink = caf::actor_cast<caf::strong_actor_ptr>(self);
      for (std::size_t i = 0; i < self->state.acceptors.size(); ++i)
        self->state.acceptors[i]->start(sink, i, accept_credit);
    },
    [self](const accepted& x) {
      self->state.acceptors[x.acceptor]->grant(1);
      admit(self, x.connection);
    },
    [](const peer_joined&) {},
    [self](const peer_left& x) {
      if (x.info.way == direction::inbound)
        free_slot(self, x.info.remote);
    },
    [self](get_discovery_counts) { return self->state.counts; },
  };
}

} // namespace peerage
