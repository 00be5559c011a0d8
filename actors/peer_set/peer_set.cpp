// SPDX-License-Identifier: MIT
#include "actors/peer_set/peer_set.hpp"

#include "actors/base/log.hpp"
#include "actors/peer_set/collect_snapshots.hpp"
#include "actors/peer_set/eviction.hpp"
#include "actors/peer_set/peer_set_counts.hpp"
#include "actors/peer_set/peer_set_fetches.hpp"
#include "actors/peer_set/peer_set_gossip.hpp"
#include "actors/peer_set/peer_set_requests.hpp"
#include "actors/peer_set/peer_set_waits.hpp"
#include "messages/checks/mutant.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <memory>

namespace peerage {

namespace {

using peer_set_pointer = peer_set_actor::stateful_pointer<peer_set_state>;

/// An eviction waits at most this long for BAN_MANAGER to name suspects.
constexpr std::chrono::milliseconds suspects_timeout{500};

// -- members ---------------------------------------------------------------------------

void tell_event(peer_set_pointer self, event_type type, const peer_info& info,
                std::optional<peer_exit> reason = {}) {
  event what;
  what.type = type;
  what.peer = info.id;
  what.address = info.remote;
  what.direction = info.direction;
  what.user_agent = sanitised(info.user_agent);
  if (reason) {
    what.reason = to_string(*reason);
    what.started_by = initiator_of(*reason);
  }
  record(self, *self->state.context, std::move(what));
}

void tell_left(peer_set_pointer self, const peer_info& info, peer_exit reason) {
  auto& state = self->state;
  ++state.exits[static_cast<std::size_t>(reason)];
  state.departed.add(info, reason);
  routing::publish(self);
  tell_event(self, event_type::peer_left, info, reason);
  const auto level = reason == peer_exit::internal_error ? log::level::error
                     : state.options.quiet               ? log::level::debug
                                                         : log::level::info;
  log::write({level, to_string(reason)}, "peer {} left: {} {}",
             log::field("peer", info.id), log::field("address", to_string(info.remote)),
             log::field("reason", to_string(reason)));
  for (const auto& observer : state.options.observers)
    self->send(observer, peer_left{info, reason});
}

/// A peer that is not taken in ends here: its client has no other holder.
void insert(peer_set_pointer self, const join_set& x) {
  auto& state = self->state;
  const auto& info = x.peer.info;
  if (state.stopping)
    return tell_left(self, info, peer_exit::shutting_down);
  if (!state.network_active)
    return tell_left(self, info, peer_exit::network_inactive);
  auto now = self->clock().now();
  // The peer was on its way here when the ban came.
  if (state.bans.is_banned(info.remote, state.context->wall.now()))
    return tell_left(self, info, peer_exit::banned);
  if (!x.manual && !is_on(mutant::caps_missing_at_insert))
    if (auto refusal = state.caps.try_take(info.remote))
      return tell_left(self, info,
                       refusal == cap_refusal::per_subnet ? peer_exit::subnet_limit
                                                          : peer_exit::address_limit);
  if (!is_on(mutant::member_not_monitored))
    self->monitor(x.peer.client);
  state.by_client[x.peer.client.address()] = info.id;
  state.members[info.id] = {info, x.peer.client, !x.manual, x.manual, now, {}};
  state.routes.insert(info, now);
  state.inbound += info.direction == peer_direction::inbound ? 1 : 0;
  routing::publish(self);
  routing::use_newcomer(self);
  log::write(state.options.quiet ? log::level::debug : log::level::info,
             "peer {} joined: {} {} version {} {}", log::field("peer", info.id),
             log::field("direction", to_string(info.direction)),
             log::field("address", to_string(info.remote)),
             log::field("protocol", info.remote_protocol),
             log::field("user_agent", sanitised(info.user_agent)));
  tell_event(self, event_type::peer_ready, info);
  for (const auto& observer : state.options.observers)
    self->send(observer, peer_joined{info});
}

void remove(peer_set_pointer self, const caf::down_msg& x) {
  auto& state = self->state;
  auto found = state.by_client.find(x.source);
  if (found == state.by_client.end())
    return;
  auto member = state.members.extract(found->second);
  state.by_client.erase(found);
  const auto& info = member.mapped().info;
  state.routes.remove(info.id);
  if (member.mapped().counted)
    state.caps.release(info.remote);
  if (!is_on(mutant::inbound_count_stays))
    state.inbound -= info.direction == peer_direction::inbound ? 1 : 0;
  tell_left(self, info, exit_of(x.reason));
  routing::quit_if_done(self);
}

// -- ends ------------------------------------------------------------------------------

void end(peer_set_pointer self, const peer_set_state::member& x, peer_exit reason) {
  self->send_exit(x.client, caf::make_error(reason));
}

void stop(peer_set_pointer self) {
  auto& state = self->state;
  state.stopping = true;
  state.waiting.fail_all(caf::make_error(request_error::shutting_down));
  for (const auto& x : state.held.take_all())
    x.caller->fail(caf::make_error(request_error::shutting_down));
  for (auto& [id, member] : state.members)
    end(self, member, peer_exit::shutting_down);
  routing::quit_if_done(self);
}

eviction_candidate candidate(const peer_set_state::member& member,
                             const peer_snapshot& seen, time_point now) {
  auto moment = [now](double date, caf::timespan age) -> std::optional<time_point> {
    return date == 0 ? std::nullopt : std::optional{now - age};
  };
  const auto& info = member.info;
  eviction_candidate result;
  result.id = info.id;
  result.remote = info.remote;
  result.connected_at = member.joined_at;
  if (seen.lowest_ping > caf::timespan::zero())
    result.lowest_ping = seen.lowest_ping;
  result.last_block = moment(seen.last_block, seen.block_age);
  result.last_transaction = moment(seen.last_transaction, seen.transaction_age);
  result.relays_transactions = info.relay;
  constexpr std::uint64_t full = wire::node_network | wire::node_witness;
  result.full_node = (info.services & full) == full;
  return result;
}

// -- snapshots -------------------------------------------------------------------------

/// @param only A peer, or 0: all of them.
caf::result<peer_snapshots> describe(peer_set_pointer self, peer_id only) {
  auto promise = self->make_response_promise<peer_snapshots>();
  collect_peer_snapshots(
    self, [only](const auto& member) { return only == 0 || only == member.info.id; },
    [promise](peer_snapshots&& found) mutable { promise.deliver(std::move(found)); });
  return promise;
}

/// Blocks are news for people as well; transactions are too many.
void tell_blocks(peer_set_pointer self, const inventory_announced& x) {
  auto& state = self->state;
  if (!state.context->events)
    return;
  auto member = state.members.find(x.peer);
  for (const auto& entry : x.entries)
    if (entry.is_block() && member != state.members.end() && x.entries.size() < 10) {
      event what;
      what.type = event_type::block_announced;
      what.peer = x.peer;
      what.address = member->second.info.remote;
      what.hash = entry.hash;
      what.started_by = initiator::remote;
      record(self, *state.context, std::move(what));
    }
}

bool disconnect(peer_set_pointer self, const disconnect_peer& x) {
  auto& members = self->state.members;
  auto found = x.peer != 0 ? members.find(x.peer)
                           : std::ranges::find_if(members, [&](const auto& known) {
                               return known.second.info.remote == x.address;
                             });
  if (found == members.end())
    return false;
  end(self, found->second, peer_exit::disconnect_requested);
  return true;
}

void set_active(peer_set_pointer self, bool active) {
  auto& state = self->state;
  state.network_active = active;
  if (!active)
    for (const auto& [id, member] : state.members)
      end(self, member, peer_exit::network_inactive);
}

/// Ends the least valuable of these; true if there was one.
bool end_least_valuable(peer_set_pointer self, const peer_snapshots& inbound,
                        const std::vector<endpoint>& suspects) {
  auto& state = self->state;
  const auto now = self->clock().now();
  std::vector<eviction_candidate> candidates;
  for (const auto& x : inbound.entries)
    if (auto member = state.members.find(x.info.id); member != state.members.end()) {
      candidates.push_back(candidate(member->second, x, now));
      candidates.back().prefer_evict = std::ranges::count(suspects, x.info.remote) > 0;
    }
  auto chosen = choose_eviction(candidates, state.eviction_key);
  if (chosen)
    end(self, state.members.at(*chosen), peer_exit::evicted);
  return chosen.has_value();
}

caf::result<bool> evict(peer_set_pointer self) {
  auto promise = self->make_response_promise<bool>();
  auto choose = [self, promise](peer_snapshots&& found) mutable {
    find_suspects asked;
    for (const auto& x : found.entries)
      asked.remotes.push_back(x.info.remote);
    auto inbound = std::make_shared<peer_snapshots>(std::move(found));
    auto end_one = [self, promise,
                    inbound](const std::vector<endpoint>& suspects) mutable {
      promise.deliver(end_least_valuable(self, *inbound, suspects));
    };
    const auto& ban_manager = self->state.options.ban_manager;
    if (!ban_manager)
      return end_one({});
    self->request(ban_manager, suspects_timeout, std::move(asked))
      .then([end_one](const suspects& x) mutable { end_one(x.remotes); },
            [end_one](caf::error&) mutable { end_one({}); });
  };
  collect_peer_snapshots(
    self,
    [](const peer_set_state::member& x) {
      return x.info.direction == peer_direction::inbound;
    },
    std::move(choose));
  return promise;
}

} // namespace

peer_set_actor::behavior_type peer_set(peer_set_pointer self, node_context_ptr context,
                                       peer_set_options options) {
  auto& state = self->state;
  state.context = std::move(context);
  state.options = std::move(options);
  auto caps = state.options.caps;
  caps.total = std::numeric_limits<std::size_t>::max(); // slots are the LISTENER's
  state.caps = connection_caps{caps};
  state.eviction_key = state.context->random.next();
  routing::open_waits(self);
  self->set_down_handler([self](caf::down_msg& x) { remove(self, x); });
  self->set_exit_handler([self](caf::exit_msg&) { stop(self); });
  return answering_each<peer_set_actor::behavior_type>(
    std::type_identity<request>{}, [self](const join_set& x) { insert(self, x); },
    [self]<class Request>() {
      return [self](Request& x) { return routing::answer(self, std::move(x)); };
    },
    [self](const end_peer& x) {
      if (auto found = self->state.members.find(x.peer);
          found != self->state.members.end())
        end(self, found->second, x.reason);
    },
    [self](const end_peers_in& x) {
      for (const auto& [id, member] : self->state.members)
        if (x.range.contains(member.info.remote))
          end(self, member, x.reason);
    },
    [self](const dial_begun& x) { self->state.dials.begun(x.remote); },
    [self](const dial_given_up& x) {
      auto& our = self->state;
      our.dials.add({x.remote, x.reason, self->clock().now(), x.again});
      our.waiting.check(self);
    },
    [self](evict_inbound) { return evict(self); },
    [self](const announce_block_to_all& x) {
      routing::to_all(self, announce_block{x.hash});
    },
    [self](const gather_addresses& x) { return routing::gather(self, x); },
    [self](tell_addresses& x) { routing::tell(self, std::move(x)); },
    [self](inventory_announced& x) -> caf::result<void> {
      routing::note_inventory(self, x);
      tell_blocks(self, x);
      if (self->state.options.node_service)
        return self->delegate(self->state.options.node_service, std::move(x));
      return caf::unit;
    },
    [self](get_peer_set_snapshot) { return routing::count(self->state); },
    [self](get_peer_snapshots) { return describe(self, 0); },
    [self](const get_snapshot_of& x) -> caf::result<peer_snapshots> {
      if (x.peer == 0)
        return peer_snapshots{};
      return describe(self, x.peer);
    },
    [self](mailbox_probe x) {
      x.handled = self->clock().now();
      return x;
    },
    [self](caf::get_atom, peer_id id) -> caf::result<client_actor> {
      auto found = self->state.members.find(id);
      if (found == self->state.members.end())
        return caf::make_error(request_error::peer_gone, peer_exit::client_dropped);
      return found->second.client;
    },
    [self](const disconnect_peer& x) { return disconnect(self, x); },
    [self](ping_all) {
      for (const auto& [id, member] : self->state.members)
        self->send(member.client, ping_now{});
    },
    [self](const set_network_active& x) { set_active(self, x.active); },
    [self](const bans_changed& x) {
      self->state.bans.apply(x, self->state.context->wall.now());
    },
    [self](const wait_for_peers& x) { return routing::wait(self, x); },
    [self](const cancel_request& x) { routing::cancel(self, x); },
    [self](const alarm& x) {
      auto& waiting = self->state.waiting;
      if (!waiting.owns(x.token))
        return routing::on_alarm(self, x.token);
      waiting.expire(x.token);
    });
}

} // namespace peerage
