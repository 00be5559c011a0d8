#include "actors/discovery/listener.hpp"

#include "actors/discovery/obstacle_list.hpp"
#include "actors/log.hpp"

#include <caf/stateful_actor.hpp>

#include <limits>
#include <tuple>
#include <utility>

namespace peerage {

namespace {

using listener_pointer = listener_actor::stateful_pointer<listener_state>;

/// Connections the sockets may deliver ahead of us; each one handled grants the next.
constexpr std::size_t accept_credit = 64;

/// One line of a kind in this time is for the operator, the others are for debugging.
constexpr std::chrono::minutes log_interval{1};

// -- what does not become a peer -------------------------------------------------------

bool is_log_due(std::optional<time_point>& last, time_point now) {
  if (last && now - *last < log_interval)
    return false;
  last = now;
  return true;
}

/// @param what "refused", or "failed" if it has come as far as to shake hands.
void count_failure(listener_pointer self, const endpoint& remote, const char* what,
                   peer_exit reason) {
  auto& state = self->state;
  const auto index = static_cast<std::size_t>(reason);
  ++state.counts.failures[index];
  const bool loud = is_log_due(state.logged_at[index], self->clock().now());
  log::write(loud ? log::level::info : log::level::debug, "inbound {} {}: {}",
             to_string(remote), what, to_string(reason));
}

void tell_event(listener_pointer self, event_type type, const endpoint& remote,
                initiator started_by, std::string_view reason = {}) {
  event what;
  what.type = type;
  what.address = remote;
  what.way = direction::inbound;
  what.reason = reason;
  what.started_by = started_by;
  record(self, *self->state.context, std::move(what));
}

void refuse(listener_pointer self, const endpoint& remote, peer_exit reason) {
  count_failure(self, remote, "refused", reason);
  tell_event(self, event_type::connection_refused, remote, initiator::node,
             to_string(reason));
}

peer_exit exit_of(cap_refusal x) {
  switch (x) {
  case cap_refusal::per_ip: return peer_exit::address_limit;
  case cap_refusal::per_neighbourhood: return peer_exit::neighbourhood_limit;
  case cap_refusal::total: return peer_exit::inbound_limit;
  }
  return peer_exit::inbound_limit;
}

bool is_banned(listener_pointer self, const endpoint& remote) {
  return self->state.bans.is_banned(remote, self->state.context->wall.now());
}

// -- slots -----------------------------------------------------------------------------

/// Why there is no inbound slot for it; nothing if there is one.
std::optional<cap_refusal> slot_refusal(const listener_state& state,
                                        const endpoint& remote) {
  const auto& limits = state.inbound.limits();
  if (!(limits.loopback_exempt && remote.is_loopback())) {
    if (state.inbound.with_ip_of(remote) + state.outbound.with_ip_of(remote) >=
        limits.per_ip)
      return cap_refusal::per_ip;
    if (state.inbound.in_neighbourhood_of(remote) +
          state.outbound.in_neighbourhood_of(remote) >=
        limits.per_neighbourhood)
      return cap_refusal::per_neighbourhood;
  }
  return state.inbound.would_refuse(remote);
}

/// Takes an inbound slot, or says why not.
std::optional<cap_refusal> try_take_slot(listener_state& state, const endpoint& remote) {
  if (auto refusal = slot_refusal(state, remote))
    return refusal;
  return state.inbound.try_take(remote);
}

// -- newcomers -------------------------------------------------------------------------

/// The newcomer that waits will not get a slot.
void give_up(listener_pointer self, std::uint64_t token, peer_exit reason) {
  auto& state = self->state;
  if (!state.waiting || state.waiting->token != token)
    return;
  const auto remote = std::exchange(state.waiting, {})->connection->remote();
  self->send(state.context->alarms, cancel_alarm{token});
  refuse(self, remote, reason);
}

void wait_for_room(listener_pointer self, const transport_ptr& connection) {
  auto& state = self->state;
  if (state.waiting)
    return refuse(self, connection->remote(), peer_exit::inbound_limit);
  const auto token = ++state.last_token;
  state.waiting = {connection, token};
  self->send(state.context->alarms,
             set_alarm{token, self->clock().now() + eviction_deadline});
  auto nobody_leaves = [self, token] { give_up(self, token, peer_exit::inbound_limit); };
  self->request(state.peers, caf::infinite, evict_inbound{})
    .then(
      [nobody_leaves](bool somebody_leaves) {
        if (!somebody_leaves)
          nobody_leaves();
      },
      [nobody_leaves](caf::error&) { nobody_leaves(); });
}

void admit(listener_pointer self, const transport_ptr& connection) {
  auto& state = self->state;
  const auto remote = connection->remote();
  if (auto refusal = try_take_slot(state, remote)) {
    if (refusal == cap_refusal::total)
      return wait_for_room(self, connection);
    return refuse(self, remote, exit_of(*refusal));
  }
  ++state.counts.in_flight;
  tell_event(self, event_type::connection_accepted, remote, initiator::remote);
  accept(self->system(), state.context, connection,
         caf::actor_cast<peer_sink_actor>(self));
}

void admit_if_welcome(listener_pointer self, const transport_ptr& connection) {
  auto& state = self->state;
  const auto remote = connection->remote();
  if (!state.network_active)
    return refuse(self, remote, peer_exit::network_inactive);
  if (is_banned(self, remote))
    return refuse(self, remote, peer_exit::banned);
  if (state.rate.decide(remote, self->clock().now(), state.context->random))
    return refuse(self, remote, peer_exit::connection_flood);
  admit(self, connection);
}

void free_slot(listener_pointer self, const endpoint& remote) {
  auto& state = self->state;
  if (!state.inbound.release(remote) || !state.waiting)
    return;
  auto next = std::exchange(state.waiting, {});
  self->send(state.context->alarms, cancel_alarm{next->token});
  admit(self, next->connection);
}

void on_failed(listener_pointer self, const peer_failed& x) {
  auto& state = self->state;
  --state.counts.in_flight;
  count_failure(self, x.remote, "failed", x.reason);
  tell_event(self, event_type::handshake_failed, x.remote, initiator_of(x.reason),
             to_string(x.reason));
  if (auto cause = misbehaviour_of(x.reason); cause && state.standing)
    self->send(state.standing, report_misbehaviour{x.remote, *cause});
  free_slot(self, x.remote);
}

void on_joined(listener_state& state, const peer_info& info) {
  if (info.way == direction::outbound &&
      state.outbound_peers.emplace(info.id, info.remote).second)
    std::ignore = state.outbound.try_take(info.remote);
}

void on_left(listener_pointer self, const peer_info& info) {
  if (info.way == direction::inbound)
    free_slot(self, info.remote);
  else if (auto gone = self->state.outbound_peers.extract(info.id))
    self->state.outbound.release(gone.mapped());
}

// -- for people ------------------------------------------------------------------------

obstacles explain(listener_pointer self, const endpoint& remote) {
  const auto& state = self->state;
  const auto now = self->clock().now();
  obstacle_list found;
  if (state.acceptors.empty())
    found.add("not_listening", "no address is listened on");
  found.add_network(state.network_active);
  found.add_ban(state.bans.find(remote, state.context->wall.now()));
  if (state.rate.status(now).coarse)
    found.add("accept_rate",
              "connections come faster than they are let in; a lot decides");
  if (auto refusal = slot_refusal(state, remote); refusal == cap_refusal::total)
    found.add("inbound_limit",
              "all " + std::to_string(state.inbound.limits().total) +
                " inbound slots are taken; it would take the eviction of a peer");
  else
    found.add_cap(refusal, remote);
  return found.take();
}

// -- the rest --------------------------------------------------------------------------

/// The sockets cannot accept: a peer has to make room for whoever comes next.
void free_descriptor(listener_pointer self) {
  auto& state = self->state;
  const auto now = self->clock().now();
  if (state.starved_at && now - *state.starved_at < starved_pause)
    return;
  state.starved_at = now;
  if (is_log_due(state.starved_logged_at, now))
    log::warn("out of file descriptors (ulimit -n) or epoll watches "
              "(fs.epoll.max_user_watches): evicting inbound peers");
  self->request(state.peers, caf::infinite, evict_inbound{})
    .then([](bool) {}, [](caf::error&) {});
}

void change_bans(listener_pointer self, const bans_changed& x) {
  auto& state = self->state;
  const auto now = state.context->wall.now();
  state.bans.sweep(now);
  for (const auto& range : x.lifted)
    state.bans.remove(range, now);
  state.bans.restore(x.added, now);
  if (state.waiting && is_banned(self, state.waiting->connection->remote()))
    give_up(self, state.waiting->token, peer_exit::banned);
}

} // namespace

listener_actor::behavior_type listener(listener_pointer self, peer_context_ptr context,
                                       std::vector<acceptor_ptr> acceptors,
                                       const inbound_limits& limits,
                                       misbehaviour_observer_actor standing) {
  auto& state = self->state;
  state.context = std::move(context);
  state.acceptors = std::move(acceptors);
  state.standing = std::move(standing);
  const bool local_network = state.context->network.id == wire::network::regtest;
  state.rate = accept_rate{local_network};
  state.inbound = connection_caps{
    {limits.total, limits.per_ip, limits.per_neighbourhood, local_network}};
  constexpr auto unlimited = std::numeric_limits<std::size_t>::max();
  state.outbound = connection_caps{{unlimited, unlimited, unlimited, false}};
  return {
    [self](const peer_ready& x) {
      auto& counts = self->state.counts;
      --counts.in_flight;
      ++counts.handshakes;
      ++counts.offered;
      self->send(self->state.peers, join_set{x, false});
    },
    [self](const peer_failed& x) { on_failed(self, x); },
    [self](const attach_peer_set& x) {
      self->state.peers = x.peers;
      auto sink = caf::actor_cast<caf::strong_actor_ptr>(self);
      for (std::size_t i = 0; i < self->state.acceptors.size(); ++i)
        self->state.acceptors[i]->start(sink, i, accept_credit);
    },
    [self](const accepted& x) {
      self->state.acceptors[x.acceptor]->grant(1);
      admit_if_welcome(self, x.connection);
    },
    [self](const accept_starved&) { free_descriptor(self); },
    [self](const peer_joined& x) { on_joined(self->state, x.info); },
    [self](const peer_left& x) { on_left(self, x.info); },
    [self](const bans_changed& x) { change_bans(self, x); },
    [self](get_discovery_counts) { return self->state.counts; },
    [self](const set_network_active& x) { self->state.network_active = x.active; },
    [self](const explain_accept& x) { return explain(self, x.remote); },
    [self](const alarm& x) { give_up(self, x.token, peer_exit::inbound_limit); },
  };
}

} // namespace peerage
