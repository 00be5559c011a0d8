// SPDX-License-Identifier: MIT
#include "actors/addresses/address_book.hpp"

#include "actors/addresses/address_answers.hpp"
#include "actors/addresses/load_addresses.hpp"
#include "actors/addresses/saved_addresses.hpp"
#include "actors/addresses/wanted_addresses.hpp"
#include "actors/interfaces/broadcasts.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "messages/wire/addresses.hpp"

#include <algorithm>
#include <utility>

namespace peerage {

namespace {

using address_book_pointer = address_book_actor::stateful_pointer<address_book_state>;

constexpr std::uint64_t save_alarm = 1;
constexpr std::uint64_t relay_alarm = 2;
constexpr std::uint64_t connected_alarm = 3;

/// The most candidates of one answer; the DIALER has at most 50 dials in flight.
constexpr std::size_t most_candidates = 100;
/// Hearsay grows old on the way (Bitcoin Core, ProcessAddrs).
constexpr unix_seconds time_penalty = 2 * 60 * 60;
/// Messages of news kept for peers that have not joined yet; 10 addresses each at most.
constexpr std::size_t max_early = 64;
/// Addresses remembered as not saved.
constexpr std::size_t max_unsaved = 20'000;
/// How long a success proves that we are online.
constexpr std::chrono::minutes success_counts_for{10};

unix_seconds unix_now(address_book_pointer self) {
  return self->state.context->wall.now();
}

bool is_same_host(const wire::network_address& x, const endpoint& peer) {
  const auto remote = to_endpoint(x);
  return remote && remote->ip == peer.ip;
}

// -- what comes in --------------------------------------------------------------------

/// The number of entries that were new. Entries are without fault and wanted.
std::size_t store(address_book_pointer self,
                  const std::vector<wire::network_address>& entries,
                  const std::optional<endpoint>& source) {
  auto& state = self->state;
  std::size_t added = 0;
  for (const auto& entry : entries) {
    const auto result = state.table->insert(entry, source, unix_now(self));
    if (result == insert_result::added)
      ++added;
    if (result == insert_result::added || result == insert_result::updated)
      state.file.mark_changed();
  }
  if (added > 0) {
    event what;
    what.type = event_type::addresses_learned;
    what.count = added;
    if (source)
      what.address = *source;
    what.started_by = source ? initiator::remote : initiator::discovery;
    record(self, *state.context, std::move(what));
    self->state.waiting.check(self);
  }
  if (added > 0 && std::exchange(state.somebody_waits, false))
    for (const auto& observer : state.users.observers)
      self->send(observer, addresses_available{});
  return added;
}

void update_relay_alarm(address_book_pointer self) {
  if (const auto due = self->state.gossip->next_due())
    self->send(self->state.context->alarms, set_alarm{relay_alarm, *due});
}

void note_excess(address_book_pointer self, address_book_state::known_peer& peer,
                 const address_intake& taken) {
  peer.excess += taken.rate_limited;
  const auto floods = peer.excess / reported_excess;
  if (floods == 0)
    return;
  peer.excess %= reported_excess;
  if (self->state.options.ban_manager)
    self->send(self->state.options.ban_manager,
               report_misbehaviour{peer.remote, misbehaviour::address_flood, floods});
}

void take_in(address_book_pointer self, addresses_announced x, bool solicited) {
  auto& state = self->state;
  const auto peer = state.peers.find(x.peer);
  if (peer == state.peers.end())
    return; // late: the peer has left
  const auto source = peer->second.remote;
  std::erase_if(x.entries,
                [&](const auto& entry) { return addressing::is_unwanted(self, entry); });
  const auto now = self->clock().now();
  auto taken = state.gossip->receive(x.peer, std::move(x.entries), now,
                                     state.context->wall.now(), solicited);
  for (auto& entry : taken.entries)
    if (!is_same_host(entry, source))
      entry.time -=
        static_cast<std::uint32_t>(std::min<unix_seconds>(entry.time, time_penalty));
  store(self, taken.entries, source);
  note_excess(self, peer->second, taken);
  update_relay_alarm(self);
}

std::uint64_t add(address_book_pointer self, const add_addresses& x) {
  return store(self, x.entries, x.source);
}

/// A change in the journal: entries as they are now.
nlohmann::json record_of(const address_book_state& state, const add_addresses& x) {
  std::vector<address_entry> entries;
  for (const auto& address : x.entries)
    if (const auto* entry = state.table->find(address))
      entries.push_back(*entry);
  return to_json(state.table->secret(), entries);
}

std::vector<address_key> keys_of(const std::vector<wire::network_address>& entries) {
  std::vector<address_key> result;
  for (const auto& entry : entries)
    if (const auto address = canonical(entry))
      result.push_back(key_of(*address));
  return result;
}

/// Notes which of the added addresses are on the disk.
state_saver::kept_handler note_kept(address_book_pointer self,
                                    const std::vector<wire::network_address>& entries) {
  return [self, keys = keys_of(entries)](const std::string& problem) {
    auto& unsaved = self->state.unsaved;
    for (const auto& key : keys)
      if (problem.empty())
        unsaved.erase(key);
      else if (unsaved.size() < max_unsaved)
        unsaved.insert(key);
  };
}

caf::result<std::uint64_t> add_as_asked(address_book_pointer self, add_addresses x) {
  auto& state = self->state;
  std::erase_if(x.entries, [&](const auto& entry) {
    return fault_of(entry, state.options.allow_unroutable) ||
           addressing::is_unwanted(self, entry);
  });
  std::uint64_t added = add(self, x);
  if (added == 0 && x.keep) // a caller repeats what failed to be saved
    added = static_cast<std::uint64_t>(std::ranges::count_if(
      keys_of(x.entries), [&](const auto& key) { return state.unsaved.contains(key); }));
  if (added == 0)
    return added;
  if (x.tried)
    for (const auto& entry : x.entries)
      if (const auto remote = to_endpoint(entry))
        state.table->connected(*remote, entry.services, unix_now(self));
  if (!x.keep)
    return added;
  return state.file.answer_when_kept(self, record_of(state, x), added,
                                     "the address is known", note_kept(self, x.entries));
}

// -- what goes out --------------------------------------------------------------------

addresses serve(address_book_pointer self, const serve_addresses& x) {
  auto& state = self->state;
  const auto peer = state.peers.find(x.peer);
  if (peer == state.peers.end())
    return {};
  state.gossip->start_sending(x.peer);
  const bool ipv4 = peer->second.remote.is_ipv4();
  const getaddr_cache::place place{
    peer->second.local,
    static_cast<std::uint8_t>(ipv4 ? wire::ipv4_network : wire::ipv6_network)};
  auto make = [&](std::size_t count, unsigned percent) {
    return state.table->sample(count, percent, addressing::not_banned(self),
                               unix_now(self));
  };
  addresses result{state.samples->answer(self->clock().now(), place, make)};
  // The sample may be older than a ban.
  std::erase_if(result.entries,
                [&](const auto& entry) { return addressing::is_unwanted(self, entry); });
  state.gossip->told(x.peer, result.entries);
  return result;
}

void relay_due(address_book_pointer self) {
  auto& state = self->state;
  for (auto& batch : state.gossip->due(self->clock().now()))
    if (state.users.peers)
      self->send(
        state.users.peers,
        tell_addresses{batch.peer, announce_addresses{std::move(batch.entries)}});
  update_relay_alarm(self);
}

// -- dialing --------------------------------------------------------------------------

/// Addresses worth dialing now; the DIALER looks closer.
entry_filter dialable(address_book_pointer self) {
  std::set<endpoint> connected;
  for (const auto& [id, peer] : self->state.peers)
    if (peer.direction == peer_direction::outbound)
      connected.insert(peer.remote);
  return [allowed = addressing::not_banned(self), connected = std::move(connected),
          now = unix_now(self),
          pause = self->state.options.failed_pause](const address_entry& x) {
    const bool just_failed =
      x.state(now) == address_state::failed && now - x.last_attempt < pause.count();
    return !just_failed && allowed(x) && !connected.contains(*x.remote());
  };
}

candidates pick(address_book_pointer self, const get_candidates& x) {
  auto& state = self->state;
  candidates result;
  const auto suitable = dialable(self);
  const auto now = unix_now(self);
  const auto count = std::min(x.count, most_candidates);
  while (result.entries.size() < count) {
    auto found = x.feeler ? state.table->pick_feeler(now, suitable)
                          : state.table->pick(now, suitable);
    if (!found)
      break;
    result.entries.push_back(*found);
  }
  if (!result.entries.empty())
    state.file.mark_changed();
  // Feelers test known addresses; without one to test, no more are wanted.
  if (!x.feeler && result.entries.size() < count) {
    state.somebody_waits = true;
    for (const auto& seeker : state.users.seekers)
      self->send(seeker, crawl_wanted{});
  }
  return result;
}

bool proves_online(const address_book_state& state, const endpoint& remote) {
  return state.options.allow_unroutable || is_routable(remote);
}

bool is_online(address_book_pointer self) {
  const auto& state = self->state;
  return !state.reached.empty() ||
         (state.last_reached &&
          self->clock().now() - *state.last_reached < success_counts_for);
}

void on_dial_ended(address_book_pointer self, const dial_ended& x) {
  using outcome = dial_ended::outcome;
  auto& state = self->state;
  auto& table = *state.table;
  bool known = false;
  if (x.result == outcome::connected) {
    if (proves_online(state, x.remote))
      state.last_reached = self->clock().now();
    known = table.connected(x.remote, x.services, unix_now(self));
  } else if (x.result == outcome::failed && is_online(self)) {
    known = table.failed(x.remote, unix_now(self));
  } else if (x.result == outcome::own) {
    if (!addressing::is_own(state, x.remote))
      state.options.own.push_back(x.remote);
    known = table.erase_if([&](const address_entry& entry) {
      return addressing::is_own(state, entry.remote());
    }) > 0;
  } else {
    known = table.released(x.remote);
  }
  if (known)
    state.file.mark_changed();
}

// -- peers, bans ----------------------------------------------------------------------

void on_news(address_book_pointer self, addresses_announced&& x) {
  auto& state = self->state;
  if (state.peers.contains(x.peer)) {
    // As Bitcoin nodes do: an inbound peer that tells addresses wants to hear some.
    state.gossip->start_sending(x.peer);
    take_in(self, std::move(x), false);
  } else if (x.entries.size() <= address_gossip::most_news) {
    // Or its peer has left; then it stays here until others push it out.
    state.early.push_back(std::move(x));
    if (state.early.size() > max_early)
      state.early.pop_front();
  }
}

/// What the peer told before it joined.
void take_early(address_book_pointer self, peer_id peer) {
  std::vector<addresses_announced> told;
  auto& early = self->state.early;
  for (auto x = early.begin(); x != early.end();)
    if (x->peer == peer) {
      told.push_back(std::move(*x));
      x = early.erase(x);
    } else {
      ++x;
    }
  for (auto& x : told)
    on_news(self, std::move(x));
}

void on_joined(address_book_pointer self, const peer_info& x) {
  auto& state = self->state;
  const bool outbound = x.direction == peer_direction::outbound;
  state.peers.insert_or_assign(
    x.id, address_book_state::known_peer{x.remote, x.local, x.direction, x.services});
  state.gossip->peer_joined(x.id, x.addrv2, outbound, self->clock().now());
  if (outbound && proves_online(state, x.remote))
    state.reached.insert(x.id);
  take_early(self, x.id);
}

void on_left(address_book_pointer self, const peer_info& x) {
  auto& state = self->state;
  const auto peer = state.peers.find(x.id);
  if (peer == state.peers.end())
    return; // the set did not take it in
  if (peer->second.direction == peer_direction::outbound &&
      state.table->disconnected(peer->second.remote, unix_now(self)))
    state.file.mark_changed();
  if (state.reached.erase(x.id) > 0)
    state.last_reached = self->clock().now();
  state.peers.erase(peer);
  state.gossip->peer_left(x.id);
}

void note_connected(address_book_pointer self) {
  auto& state = self->state;
  for (const auto& [id, peer] : state.peers)
    if (peer.direction == peer_direction::outbound &&
        state.table->connected(peer.remote, peer.services, unix_now(self)))
      state.file.mark_changed();
  self->send(state.context->alarms,
             set_alarm{connected_alarm, self->clock().now() + connected_interval});
}

void on_bans_changed(address_book_pointer self, const bans_changed& x) {
  auto& state = self->state;
  state.bans.apply(x, unix_now(self));
  if (x.added.empty())
    return;
  const auto keep = addressing::not_banned(self);
  auto is_covered = [&](const address_entry& entry) { return !keep(entry); };
  if (state.table->erase_if(is_covered) > 0)
    state.file.mark_changed();
}

// -- saving ---------------------------------------------------------------------------

void on_save_alarm(address_book_pointer self) {
  auto& state = self->state;
  const auto now = self->clock().now();
  addressing::note_saves(state);
  state.bans.sweep(state.context->wall.now());
  state.file.save_changes();
  self->send(state.context->alarms,
             set_alarm{save_alarm, now + state.options.save_every});
}

} // namespace

address_book_actor::behavior_type address_book(address_book_pointer self,
                                               node_context_ptr context,
                                               address_book_options options) {
  auto& state = self->state;
  state.context = std::move(context);
  state.options = std::move(options);
  state.waiting.open(state.context->alarms, [self](const wait_for_address& x) {
    auto found = addressing::find(self, x);
    const bool is_known = !found.entries.empty();
    return decltype(state.waiting)::finding{std::move(found), is_known};
  });
  state.gossip.emplace(state.context->random, state.options.allow_unroutable);
  state.samples.emplace(state.context->random);
  addressing::start_table(self);
  self->send(state.context->alarms,
             set_alarm{save_alarm, self->clock().now() + state.options.save_every});
  self->send(state.context->alarms,
             set_alarm{connected_alarm, self->clock().now() + connected_interval});
  self->set_exit_handler([self](const caf::exit_msg& x) {
    self->state.waiting.fail_all(caf::make_error(request_error::shutting_down));
    self->state.file.finish([self, reason = x.reason](const std::string& problem) {
      self->quit(problem.empty() ? reason : not_saved(problem));
    });
  });
  return {
    [self](const peer_joined& x) { on_joined(self, x.info); },
    [self](const peer_left& x) { on_left(self, x.info); },
    [self](addresses_announced& x) { on_news(self, std::move(x)); },
    [self](const serve_addresses& x) { return serve(self, x); },
    [self](addresses_answered& x) {
      self->state.gossip->asked(x.from.peer, self->clock().now());
      take_in(self, std::move(x.from), true);
    },
    [self](add_addresses& x) { return add_as_asked(self, std::move(x)); },
    [self](const get_candidates& x) { return pick(self, x); },
    [self](const dial_ended& x) { on_dial_ended(self, x); },
    [self](get_address_book_snapshot) { return addressing::describe(self); },
    [self](const get_known_addresses& x) { return addressing::list(self, x); },
    [self](const wait_for_address& x) {
      return self->state.waiting.ask(self, x, x.timeout);
    },
    [self](get_address_places) { return addressing::list_places(self); },
    [self](get_gossip_counts) { return addressing::count_gossip(self->state); },
    [self](const cancel_request& x) { self->state.waiting.cancel(self, x); },
    [self](const bans_changed& x) { on_bans_changed(self, x); },
    [self](attach_address_users& x) { self->state.users = std::move(x); },
    [self](const alarm& x) {
      auto& waiting = self->state.waiting;
      if (waiting.owns(x.token))
        waiting.expire(x.token);
      else if (x.token == save_alarm)
        on_save_alarm(self);
      else if (x.token == connected_alarm)
        note_connected(self);
      else
        relay_due(self);
    },
  };
}

} // namespace peerage
