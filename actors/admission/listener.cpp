// SPDX-License-Identifier: MIT
#include "actors/admission/listener.hpp"

#include "actors/admission/obstacle_list.hpp"
#include "actors/base/log.hpp"
#include "actors/interfaces/attempts.hpp"
#include "actors/interfaces/broadcasts.hpp"
#include "actors/peer/collect_attempts.hpp"
#include "messages/checks/mutant.hpp"

#include <caf/stateful_actor.hpp>

#include <limits>
#include <tuple>
#include <utility>

namespace peerage {

namespace {

using listener_pointer = listener_actor::stateful_pointer<listener_state>;

/// Connections that the sockets may deliver ahead; each one handled grants the next.
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
  log::write({loud ? log::level::info : log::level::debug, to_string(reason)},
             "inbound {} {}: {}", log::field("address", to_string(remote)), what,
             log::field("reason", to_string(reason)));
}

void tell_event(listener_pointer self, event_type type, const endpoint& remote,
                initiator started_by, std::string_view reason = {}) {
  event what;
  what.type = type;
  what.address = remote;
  what.direction = peer_direction::inbound;
  what.reason = reason;
  what.started_by = started_by;
  record(self, *self->state.context, std::move(what));
}

void refuse(listener_pointer self, const endpoint& remote, peer_exit reason) {
  ++self->state.counts.refused[static_cast<std::size_t>(reason)];
  count_failure(self, remote, "refused", reason);
  tell_event(self, event_type::connection_refused, remote, initiator::node,
             to_string(reason));
}

peer_exit exit_of(cap_refusal x) {
  switch (x) {
  case cap_refusal::per_ip: return peer_exit::address_limit;
  case cap_refusal::per_subnet: return peer_exit::subnet_limit;
  case cap_refusal::total: return peer_exit::inbound_limit;
  }
  return peer_exit::inbound_limit;
}

bool is_banned(listener_pointer self, const endpoint& remote) {
  return self->state.bans.is_banned(remote, self->state.context->wall.now());
}

// -- places ----------------------------------------------------------------------------

/// Why there is no place for the newcomer; empty if there is one. `total`: only another
/// handshake is in the way.
std::optional<cap_refusal> place_refusal(const listener_state& state,
                                         const endpoint& remote) {
  const auto& limits = state.inbound.limits();
  if (!(limits.loopback_exempt && remote.is_loopback())) {
    if (state.inbound.with_ip_of(remote) + state.outbound.with_ip_of(remote) >=
        limits.per_ip)
      return cap_refusal::per_ip;
    if (state.inbound.in_subnet_of(remote) + state.outbound.in_subnet_of(remote) >=
        limits.per_subnet)
      return cap_refusal::per_subnet;
  }
  return state.inbound.would_refuse(remote);
}

/// For `handshake_places`.
auto has_spoken(const listener_state& state) {
  return [&state](peer_id id) {
    const auto connection = state.newcomers.at(id).connection.lock();
    return connection && connection->traffic().received > 0;
  };
}

/// The handshake that has to make room for a newcomer.
std::optional<peer_id> displaced_by(const listener_state& state, const endpoint& newcomer,
                                    cap_refusal refusal, time_point now) {
  switch (refusal) {
  case cap_refusal::per_ip: return state.handshakes.displaced_in(host_of(newcomer), now);
  case cap_refusal::per_subnet:
    return state.handshakes.displaced_in(cap_subnet_of(newcomer), now);
  case cap_refusal::total: break;
  }
  return state.handshakes.displaced_by(newcomer, now, has_spoken(state));
}

// -- newcomers -------------------------------------------------------------------------

/// Removes a newcomer that has become a peer, or will not.
listener_state::newcomer forget(listener_pointer self, peer_id id,
                                handshake_places::outcome how) {
  auto& state = self->state;
  state.handshakes.erase(id, how, self->clock().now());
  auto result = std::move(state.newcomers.extract(id).mapped());
  if (result.ready) {
    std::erase(state.waiting, id);
    self->send(state.context->alarms, cancel_alarm{id});
  }
  state.counts.in_flight = state.newcomers.size();
  return result;
}

/// Ends a newcomer that shakes hands, or waits. The result of its attempt comes later,
/// and is ignored.
void end_newcomer(listener_pointer self, peer_id id, peer_exit reason) {
  const bool displaced = reason == peer_exit::evicted;
  auto gone = forget(self, id,
                     displaced ? handshake_places::outcome::failed
                               : handshake_places::outcome::ended);
  self->state.inbound.release(gone.remote);
  if (gone.ready) {
    self->demonitor(gone.ready->client.address());
    self->send_exit(gone.ready->client, caf::make_error(reason));
  } else {
    self->send_exit(gone.attempt, caf::make_error(reason));
  }
  count_failure(self, gone.remote, "failed", reason);
  tell_event(self, event_type::handshake_failed, gone.remote, initiator_of(reason),
             to_string(reason));
}

template <class Predicate>
void end_newcomers_if(listener_pointer self, peer_exit reason, Predicate wanted) {
  std::vector<peer_id> ids;
  for (const auto& [id, x] : self->state.newcomers)
    if (wanted(id, x))
      ids.push_back(id);
  for (auto id : ids)
    end_newcomer(self, id, reason);
}

void admit(listener_pointer self, const transport_ptr& connection) {
  auto& state = self->state;
  const auto remote = connection->remote();
  const auto now = self->clock().now();
  if (auto refusal = place_refusal(state, remote)) {
    auto displaced = displaced_by(state, remote, *refusal, now);
    if (!displaced)
      return refuse(self, remote, exit_of(*refusal));
    end_newcomer(self, *displaced, peer_exit::evicted);
  }
  if (auto refusal = state.inbound.try_take(remote))
    return refuse(self, remote, exit_of(*refusal));
  const auto id = next_peer_id(*state.context);
  ++state.counts.accepted;
  tell_event(self, event_type::connection_accepted, remote, initiator::remote);
  state.newcomers[id] = {remote,
                         accept(self->system(), state.context, connection,
                                caf::actor_cast<peer_sink>(self), id),
                         connection, std::nullopt};
  state.handshakes.insert(id, remote, now);
  state.counts.in_flight = state.newcomers.size();
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

void on_failed(listener_pointer self, const peer_failed& x) {
  auto& state = self->state;
  if (!state.newcomers.contains(x.id))
    return; // we have ended it
  // It comes again as v1; and such a remote holds no place.
  const bool other_protocol = x.reason == peer_exit::wrong_magic && !x.misbehaviour;
  forget(self, x.id,
         other_protocol ? handshake_places::outcome::ended
                        : handshake_places::outcome::failed);
  if (!is_on(mutant::inbound_place_leaked))
    state.inbound.release(x.remote);
  count_failure(self, x.remote, "failed", x.reason);
  tell_event(self, event_type::handshake_failed, x.remote, initiator_of(x.reason),
             to_string(x.reason));
  if (x.misbehaviour && state.ban_manager)
    self->send(state.ban_manager, report_misbehaviour{x.remote, *x.misbehaviour});
  else if (other_protocol)
    state.rate.allow_another(x.remote, self->clock().now());
}

// -- slots -----------------------------------------------------------------------------

void join(listener_pointer self, const peer_ready& x) {
  auto& state = self->state;
  state.members.insert(x.info.id);
  ++state.counts.offered;
  self->send(state.peers, join_set{x, false});
}

/// No peer can be evicted for the newcomer that waits longest, or not in time.
void refuse_waiting(listener_pointer self, peer_id id) {
  end_newcomer(self, id, peer_exit::inbound_limit);
}

/// Gives free slots to the newcomers that wait, and asks for one more if any still does.
void give_slots(listener_pointer self) {
  auto& state = self->state;
  while (!state.waiting.empty() && state.members.size() < state.slots) {
    auto next = forget(self, state.waiting.front(), handshake_places::outcome::finished);
    self->demonitor(next.ready->client.address());
    join(self, *next.ready);
  }
  if (state.waiting.empty() || state.evicting)
    return;
  state.evicting = true;
  auto answered = [self](bool somebody_leaves) {
    auto& our = self->state;
    our.evicting = false;
    if (somebody_leaves)
      return; // the slot is free when that peer has left
    if (!our.waiting.empty())
      refuse_waiting(self, our.waiting.front());
    give_slots(self);
  };
  self->request(state.peers, caf::infinite, evict_inbound{})
    .then(answered, [answered](caf::error&) { answered(false); });
}

void on_ready(listener_pointer self, const peer_ready& x) {
  auto& state = self->state;
  const auto id = x.info.id;
  auto found = state.newcomers.find(id);
  if (found == state.newcomers.end())
    return; // we have ended it; the client goes with `x`
  ++state.counts.handshakes;
  if (state.waiting.empty() && state.members.size() < state.slots) {
    forget(self, id, handshake_places::outcome::finished);
    return join(self, x);
  }
  state.handshakes.erase(id, handshake_places::outcome::finished, self->clock().now());
  found->second.ready = x;
  state.waiting.push_back(id);
  self->monitor(x.client);
  self->send(state.context->alarms,
             set_alarm{id, self->clock().now() + eviction_deadline});
  give_slots(self);
}

/// A client that waited for a slot has ended.
void on_waiting_gone(listener_pointer self, const caf::down_msg& x) {
  for (auto id : self->state.waiting)
    if (self->state.newcomers.at(id).ready->client.address() == x.source)
      return end_newcomer(self, id, peerage::exit_of(x.reason));
}

void free_slot(listener_pointer self, const peer_info& info) {
  auto& state = self->state;
  if (state.members.erase(info.id) == 0)
    return;
  state.inbound.release(info.remote);
  give_slots(self);
}

void on_joined(listener_state& state, const peer_info& info) {
  if (info.direction == peer_direction::outbound &&
      state.outbound_peers.emplace(info.id, info.remote).second)
    state.outbound.take(info.remote);
}

void on_left(listener_pointer self, const peer_info& info) {
  if (info.direction == peer_direction::inbound)
    free_slot(self, info);
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
  found.add_reach(dial_reach::everywhere, remote); // any host may come
  found.add_ban(state.bans.find(remote, state.context->wall.now()));
  if (const auto until = state.rate.refused_until(remote, now))
    found.add("accept_rate", "it has connected too often of late",
              state.context->wall.expected(*until, now));
  else if (state.rate.status(now).under_flood)
    found.add("accept_rate",
              "connections come faster than they are let in; some are refused at random");
  if (auto refusal = place_refusal(state, remote); refusal != cap_refusal::total)
    found.add_cap(refusal, remote);
  if (state.members.size() >= state.slots)
    found.add("inbound_limit",
              "all " + std::to_string(state.slots) +
                " inbound slots are taken; it would take the eviction of a peer");
  return found.take();
}

// -- the rest --------------------------------------------------------------------------

/// The sockets cannot accept: a handshake, or else a peer, has to make room for the next
/// connection.
void free_descriptor(listener_pointer self) {
  auto& state = self->state;
  const auto now = self->clock().now();
  if (state.out_of_descriptors_at &&
      now - *state.out_of_descriptors_at < descriptor_pause)
    return;
  state.out_of_descriptors_at = now;
  if (is_log_due(state.out_of_descriptors_logged_at, now))
    log::warn("out of file descriptors (ulimit -n) or epoll watches "
              "(fs.epoll.max_user_watches): evicting inbound peers");
  if (auto displaced = state.handshakes.worst(now, has_spoken(state)))
    return end_newcomer(self, *displaced, peer_exit::evicted);
  self->request(state.peers, caf::infinite, evict_inbound{})
    .then([](bool) {}, [](caf::error&) {});
}

void change_bans(listener_pointer self, const bans_changed& x) {
  auto& state = self->state;
  const auto now = state.context->wall.now();
  state.bans.apply(x, now);
  end_newcomers_if(self, peer_exit::banned, [&](peer_id, const auto& newcomer) {
    return state.bans.is_banned(newcomer.remote, now);
  });
}

void set_active(listener_pointer self, bool active) {
  self->state.network_active = active;
  if (!active)
    end_newcomers_if(self, peer_exit::network_inactive,
                     [](peer_id, const auto&) { return true; });
}

bool disconnect(listener_pointer self, const disconnect_peer& x) {
  const auto before = self->state.newcomers.size();
  end_newcomers_if(self, peer_exit::disconnect_requested,
                   [&](peer_id id, const auto& newcomer) {
                     return x.peer != 0 ? id == x.peer : newcomer.remote == x.address;
                   });
  return self->state.newcomers.size() < before;
}

attempt_counts count(const listener_state& state) {
  auto result = state.counts;
  result.limit = state.slots;
  result.in_flight_limit = state.inbound.limits().total - state.members.size();
  return result;
}

caf::result<peer_snapshots> collect(listener_pointer self) {
  std::vector<attempt_to_ask> all;
  for (const auto& [id, x] : self->state.newcomers)
    all.push_back({x.ready ? caf::actor_cast<caf::actor>(x.ready->client) : x.attempt});
  return collect_attempts(self, all);
}

} // namespace

listener_actor::behavior_type listener(listener_pointer self, node_context_ptr context,
                                       std::vector<acceptor_ptr> acceptors,
                                       const inbound_limits& limits,
                                       misbehaviour_sink ban_manager) {
  auto& state = self->state;
  state.context = std::move(context);
  state.acceptors = std::move(acceptors);
  state.ban_manager = std::move(ban_manager);
  const bool local_network = state.context->network.id == wire::network::regtest;
  state.rate = accept_rate{local_network};
  state.slots = limits.total;
  const auto places = limits.total == 0 ? 0 : limits.total + handshake_places::reserve;
  state.inbound =
    connection_caps{{places, limits.per_ip, limits.per_subnet, local_network}};
  constexpr auto unlimited = std::numeric_limits<std::size_t>::max();
  state.outbound = connection_caps{{unlimited, unlimited, unlimited, false}};
  self->set_down_handler([self](caf::down_msg& x) { on_waiting_gone(self, x); });
  self->set_exit_handler([self](caf::exit_msg& x) {
    end_newcomers_if(self, peer_exit::shutting_down,
                     [](peer_id, const auto&) { return true; });
    self->quit(x.reason);
  });
  return {
    [self](const peer_ready& x) { on_ready(self, x); },
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
    [self](const out_of_descriptors&) { free_descriptor(self); },
    [self](const peer_joined& x) { on_joined(self->state, x.info); },
    [self](const peer_left& x) { on_left(self, x.info); },
    [self](const bans_changed& x) { change_bans(self, x); },
    [self](get_attempt_counts) { return count(self->state); },
    [self](const set_network_active& x) { set_active(self, x.active); },
    [self](const explain_accept& x) { return explain(self, x.remote); },
    [self](get_peer_snapshots) { return collect(self); },
    [self](const disconnect_peer& x) { return disconnect(self, x); },
    [self](const alarm& x) {
      if (self->state.newcomers.contains(x.token))
        refuse_waiting(self, x.token);
      give_slots(self);
    },
  };
}

} // namespace peerage
