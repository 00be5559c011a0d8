// SPDX-License-Identifier: MIT
#include "actors/dialing/dialer.hpp"

#include "actors/dialing/change_added_peers.hpp"
#include "actors/dialing/dial_steps.hpp"
#include "actors/dialing/dialer_file.hpp"
#include "actors/dialing/name_lookups.hpp"
#include "actors/interfaces/addresses.hpp"
#include "actors/interfaces/bans.hpp"
#include "actors/interfaces/broadcasts.hpp"
#include "actors/interfaces/peer.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "actors/peer/collect_attempts.hpp"

#include <caf/stateful_actor.hpp>

#include <utility>

namespace peerage {

namespace {

using dialer_pointer = dialer_actor::stateful_pointer<dialer_state>;

void change_bans(dialer_pointer self, const bans_changed& x) {
  auto& state = self->state;
  const auto now = state.context->wall.now();
  state.plan->change_bans(x, now);
  if (x.added.empty())
    return;
  dialing::end_dials_if(self, peer_exit::banned,
                        [&](const endpoint& remote, const auto&) {
                          return state.plan->is_banned(remote, now);
                        });
  dialing::dial_more(self);
}

void set_active(dialer_pointer self, bool active) {
  self->state.plan->set_active(active);
  if (!active)
    dialing::end_dials_if(self, peer_exit::network_inactive,
                          [](const endpoint&, const auto&) { return true; });
  dialing::dial_more(self);
}

void on_joined(dialer_pointer self, const peer_info& info) {
  if (!self->state.plan->joined(info, self->clock().now()))
    return;
  self->state.names->joined(info.remote, self->clock().now());
  self->state.file.mark_changed();
  dialing::dial_more(self);
}

void on_left(dialer_pointer self, const peer_info& info) {
  auto& state = self->state;
  const auto now = self->clock().now();
  if (state.plan->left(info, now)) {
    state.file.mark_changed();
    dialing::let_go_of(self, info.remote, state.names->left(info.remote, now));
  }
  dialing::dial_more(self);
}

// -- for people ------------------------------------------------------------------------

bool disconnect(dialer_pointer self, const disconnect_peer& x) {
  const auto ended = dialing::end_dials_if(
    self, peer_exit::disconnect_requested,
    [&](const endpoint& remote, const auto& attempt) {
      return x.peer != 0 ? attempt.id == x.peer : remote == x.address;
    });
  dialing::dial_more(self);
  return ended > 0;
}

caf::result<peer_snapshots> collect(dialer_pointer self) {
  std::vector<attempt_to_ask> all;
  for (const auto& [remote, x] : self->state.attempts) {
    const auto why = self->state.plan->dials().at(remote).why;
    all.push_back({x.actor, is_manual(why), why == dial_purpose::feeler});
  }
  return collect_attempts(self, all);
}

caf::result<bool> dial_now(dialer_pointer self, const endpoint& remote) {
  auto& state = self->state;
  if (auto refusal = dialing::refusal_of(state, remote))
    return std::move(*refusal);
  if (state.stopping || !state.others.peers ||
      !state.plan->request(remote, dialing::date_now(self)))
    return false;
  dialing::start(self, remote, dial_purpose::requested);
  dialing::dial_more(self);
  return true;
}

attempt_counts count(const dialer_state& state) {
  auto result = state.counts;
  result.in_flight = state.plan->dials().size();
  result.in_flight_limit = state.options.limits.max_in_flight;
  result.limit = state.options.limits.max_outbound;
  result.saves = state.file.counts();
  return result;
}

// -- its life --------------------------------------------------------------------------

void save_later(dialer_pointer self) {
  const auto& state = self->state;
  if (!state.options.directory.empty())
    self->send(state.context->alarms,
               set_alarm{dialing::save_dials_alarm,
                         self->clock().now() + state.options.save_every});
}

void on_alarm(dialer_pointer self, std::uint64_t token) {
  auto& state = self->state;
  if (token == dialing::save_dials_alarm) {
    state.file.save_changes();
    return save_later(self);
  }
  state.alarm_at.reset();
  dialing::dial_more(self);
}

void stop(dialer_pointer self) {
  auto& state = self->state;
  if (std::exchange(state.stopping, true))
    return;
  dialing::end_dials_if(self, peer_exit::shutting_down,
                        [](const endpoint&, const auto&) { return true; });
  dialing::end_lookups(self);
  state.file.finish([self](const std::string& problem) {
    if (problem.empty())
      self->quit(caf::exit_reason::user_shutdown);
    else
      self->quit(not_saved(problem));
  });
}

} // namespace

dialer_actor::behavior_type dialer(dialer_pointer self, node_context_ptr context,
                                   dialer_options options) {
  auto& state = self->state;
  state.context = std::move(context);
  state.options = std::move(options);
  state.plan.emplace(state.options.limits, state.context->random, self->clock().now());
  state.names.emplace(state.context->random);
  dialing::load(self);
  save_later(self);
  self->set_exit_handler([self](caf::exit_msg&) { stop(self); });
  return {
    [self](const peer_ready& x) { dialing::on_ready(self, x); },
    [self](const peer_failed& x) { dialing::on_failed(self, x); },
    [self](const attach_discovery& x) {
      self->state.others = x;
      self->state.plan->set_book(x.book != nullptr);
      dialing::dial_more(self);
    },
    [self](const peer_joined& x) { on_joined(self, x.info); },
    [self](const peer_left& x) { on_left(self, x.info); },
    [self](const bans_changed& x) { change_bans(self, x); },
    [self](addresses_available) {
      self->state.plan->book_has_more(self->clock().now());
      dialing::dial_more(self);
    },
    [self](const set_network_active& x) { set_active(self, x.active); },
    [self](get_attempt_counts) { return count(self->state); },
    [self](const add_manual_peer& x) { return dialing::add(self, x); },
    [self](const remove_manual_peer& x) { return dialing::remove(self, x.text); },
    [self](const dial_once& x) { return dial_now(self, x.remote); },
    [self](const dial_name_once& x) { return dialing::dial_name_now(self, x.name); },
    [self](get_manual_peers) { return dialing::list_manual(self->state); },
    [self](const explain_dial& x) {
      return self->state.plan->explain(x.remote, dialing::date_now(self));
    },
    [self](const explain_name& x) { return dialing::explain_named(self, x.name); },
    [self](const resolved& x) { dialing::on_resolved(self, x); },
    [self](get_peer_snapshots) { return collect(self); },
    [self](const disconnect_peer& x) { return disconnect(self, x); },
    [self](const alarm& x) { on_alarm(self, x.token); },
  };
}

} // namespace peerage
