// SPDX-License-Identifier: MIT
#include "actors/peer_set/router.hpp"

#include "actors/interfaces/broadcasts.hpp"
#include "messages/checks/mutant.hpp"
#include "messages/wire/limits.hpp"
#include "messages/wire/messages.hpp"

#include <algorithm>
#include <utility>

namespace peerage {

namespace {

/// Draws for a pair before all peers are looked at: with thousands of them, a look at
/// each would cost more than the request.
constexpr int max_draws = 8;

constexpr std::uint64_t serves_blocks = wire::node_network | wire::node_network_limited;

bool carries_witnesses(request_kind kind) {
  return kind == request_kind::get_blocks || kind == request_kind::get_transactions;
}

/// True of kinds whose time, or lack of an answer, is the peer's doing. Peers answer
/// getaddr only once, mempool with silence if theirs is empty, and pushes not at all.
bool tells_of_peer(request_kind kind) {
  return !is_push(kind) && kind != request_kind::get_addresses &&
         kind != request_kind::get_mempool;
}

} // namespace

// -- one peer --------------------------------------------------------------------------

router::peer_state::peer_state(const peer_info& info, std::size_t index, time_point now)
    : inbound(info.direction == peer_direction::inbound), services(info.services),
      wants_transactions(info.relay),
      answers_pings(info.protocol > wire::limits::last_without_pong), load(now),
      place(index) {}

bool router::peer_state::offers(request_kind kind) const {
  switch (kind) {
  case request_kind::measure_latency: return answers_pings;
  case request_kind::get_headers:
  case request_kind::get_block_hashes:
  case request_kind::get_blocks: return (services & serves_blocks) != 0;
  case request_kind::get_mempool: return (services & wire::node_bloom) != 0;
  case request_kind::send_transaction:
  case request_kind::announce_transactions: return wants_transactions;
  case request_kind::get_addresses:
  case request_kind::get_transactions:
  case request_kind::announce_block:
  case request_kind::announce_addresses: return true;
  }
  return false;
}

bool router::peer_state::is_ready() const {
  const auto keyed = under_way(request_kind::measure_latency) +
                     under_way(request_kind::get_blocks) +
                     under_way(request_kind::get_transactions);
  return !busy && keyed < max_keyed_in_flight;
}

bool router::peer_state::can_take(request_kind kind) const {
  if (is_push(kind))
    return true;
  return is_ready() && (is_keyed(kind) || under_way(kind) == 0);
}

std::size_t router::peer_state::outstanding() const {
  std::size_t result = 0;
  for (auto x : in_flight)
    result += x;
  return result;
}

void router::leave_counts(const peer_state& x) {
  if (!x.is_ready())
    return;
  --ready_;
  ready_inbound_ -= x.inbound ? 1 : 0;
}

void router::enter_counts(const peer_state& x) {
  if (!x.is_ready())
    return;
  ++ready_;
  ready_inbound_ += x.inbound ? 1 : 0;
}

bool router::insert(const peer_info& info, time_point now) {
  const auto [added, is_new] = members_.try_emplace(info.id, info, ids_.size(), now);
  if (!is_new)
    return false;
  ids_.push_back(info.id);
  enter_counts(added->second);
  return true;
}

bool router::remove(peer_id peer) {
  auto found = members_.find(peer);
  if (found == members_.end())
    return false;
  // The last one takes its place.
  const auto place = found->second.place;
  ids_[place] = ids_.back();
  if (!is_on(mutant::peer_at_stale_index))
    members_.at(ids_[place]).place = place;
  ids_.pop_back();
  leave_counts(found->second);
  members_.erase(found);
  inventory_.peer_left(peer);
  return true;
}

bool router::is_ready(peer_id peer) const {
  auto found = members_.find(peer);
  return found != members_.end() && found->second.is_ready();
}

std::size_t router::outstanding(peer_id peer) const {
  auto found = members_.find(peer);
  return found == members_.end() ? 0 : found->second.outstanding();
}

// -- choosing --------------------------------------------------------------------------

bool router::suits(peer_id peer, const wish& x) const {
  auto found = members_.find(peer);
  return found != members_.end() && found->second.offers(x.kind) &&
         (found->second.services & x.needs) == x.needs &&
         std::ranges::find(x.excluded, peer) == x.excluded.end();
}

bool router::fits(peer_id peer, const wish& x) const {
  return suits(peer, x) && members_.at(peer).can_take(x.kind);
}

template <class Accept>
std::optional<peer_id> router::lighter_of_two(std::span<const peer_id> from,
                                              Accept accept, time_point now,
                                              random_source& random) const {
  std::optional<peer_id> one, other;
  for (int i = 0; i < max_draws && !other && !from.empty(); ++i) {
    auto drawn = from[random.below(from.size())];
    if (drawn != one && accept(drawn))
      (one ? other : one) = drawn;
  }
  if (!other) {
    std::vector<peer_id> accepted;
    std::ranges::copy_if(from, std::back_inserter(accepted), accept);
    if (accepted.size() < 2)
      return accepted.empty() ? std::nullopt : std::optional{accepted.front()};
    std::swap(accepted[0], accepted[random.below(accepted.size())]);
    std::swap(accepted[1], accepted[1 + random.below(accepted.size() - 1)]);
    one = accepted[0];
    other = accepted[1];
  }
  auto cost = [&](peer_id peer) {
    const auto& member = members_.at(peer);
    return member.load.cost(member.outstanding(), now);
  };
  return cost(*other) < cost(*one) ? other : one;
}

choice router::choose(request_kind kind, time_point now, random_source& random,
                      std::uint64_t needs, std::span<const peer_id> excluded) const {
  const wish wanted{kind, needs, excluded};
  auto can_take_it = [&](peer_id x) { return fits(x, wanted); };
  if (auto peer = lighter_of_two(ids_, can_take_it, now, random))
    return {peer};
  const bool later = std::ranges::any_of(ids_, [&](auto x) { return suits(x, wanted); });
  return {{}, later ? request_error::overloaded : request_error::no_ready_peer};
}

bool router::has_peer_for(request_kind kind) const {
  return std::ranges::any_of(ids_, [&](auto x) { return suits(x, {kind, 0, {}}); });
}

choice router::choose_for_item(const wire::hash256& hash, request_kind kind,
                               time_point now, random_source& random, std::uint64_t needs,
                               std::span<const peer_id> excluded) {
  inventory_.rotate(now);
  const auto holders = inventory_.peers_with(hash);
  auto may_have_it = [&](peer_id x) { return !inventory_.lacks(x, hash); };
  auto tiers = {needs | wire::node_witness, needs};
  for (auto tier : tiers) {
    if (tier != needs && !carries_witnesses(kind))
      continue;
    const wish wanted{kind, tier, excluded};
    auto can_take_it = [&](peer_id x) { return fits(x, wanted); };
    if (auto peer = lighter_of_two(holders, can_take_it, now, random))
      return {peer};
    auto might = [&](peer_id x) { return fits(x, wanted) && may_have_it(x); };
    if (auto peer = lighter_of_two(ids_, might, now, random))
      return {peer};
  }
  choice none;
  for (auto x : ids_) {
    if (!suits(x, {kind, needs, excluded}))
      continue;
    none.why = request_error::not_found;
    if (may_have_it(x))
      return {{}, request_error::overloaded};
  }
  return none;
}

routed_request router::started(peer_id peer, request_kind kind, time_point now) {
  if (auto found = members_.find(peer); found != members_.end()) {
    auto& member = found->second;
    leave_counts(member);
    ++member.in_flight[static_cast<std::size_t>(kind)];
    enter_counts(member);
    routed_[static_cast<std::size_t>(kind)] +=
      is_on(mutant::request_counted_twice) ? 2 : 1;
  }
  return {peer, kind, now};
}

bool router::finished(const routed_request& what, time_point now,
                      std::optional<request_error> failure) {
  auto found = members_.find(what.peer);
  if (found == members_.end() || found->second.under_way(what.kind) == 0)
    return false;
  auto& member = found->second;
  const auto kind = static_cast<std::size_t>(what.kind);
  leave_counts(member);
  --member.in_flight[kind];
  member.busy = failure == request_error::overloaded && member.outstanding() > 0;
  enter_counts(member);
  const auto took = now - what.sent;
  if (!failure)
    latencies_[kind].add(took);
  // A quick notfound is no merit: peers that have nothing would get everything.
  if (tells_of_peer(what.kind) && (!failure || failure == request_error::timeout))
    member.load.on_sample(took, now);
  return true;
}

// -- to many ---------------------------------------------------------------------------

std::vector<peer_id> router::fan_out(request_kind kind, random_source& random,
                                     std::span<const peer_id> excluded) const {
  std::vector<peer_id> result;
  for (auto x : ids_)
    if (suits(x, {kind, 0, excluded}) && members_.at(x).is_ready())
      result.push_back(x);
  const auto third = (result.size() + 2) / 3;
  for (std::size_t i = 0; i < third; ++i)
    std::swap(result[i], result[i + random.below(result.size() - i)]);
  result.resize(third);
  return result;
}

std::vector<peer_id> router::announce_to_all(const announcement& what) {
  std::vector<peer_id> result;
  for (auto x : ids_) {
    auto& member = members_.at(x);
    if (!member.offers(kind_of(*what)))
      continue;
    if (member.is_ready()) {
      result.push_back(x);
      continue;
    }
    if (member.deferred.size() == max_deferred)
      member.deferred.erase(member.deferred.begin());
    member.deferred.push_back(what);
  }
  return result;
}

std::vector<announcement> router::take_deferred(peer_id peer) {
  auto found = members_.find(peer);
  if (found == members_.end() || !found->second.is_ready())
    return {};
  return std::exchange(found->second.deferred, {});
}

// -- items -----------------------------------------------------------------------------

void router::announced(peer_id peer, const wire::hash256& hash, time_point now) {
  if (contains(peer))
    inventory_.announced(peer, hash, now);
}

void router::missing(peer_id peer, const wire::hash256& hash, time_point now) {
  if (contains(peer))
    inventory_.missing(peer, hash, now);
}

} // namespace peerage
