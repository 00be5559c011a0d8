// SPDX-License-Identifier: MIT
#include "actors/addresses/address_gossip.hpp"

#include "actors/addresses/address_entry.hpp"
#include "messages/dial_reach.hpp"
#include "messages/subnet.hpp"
#include "messages/wire/addresses.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace peerage {

namespace {

constexpr std::array<std::uint8_t, 6> onion_cat_prefix{0xfd, 0x87, 0xd8,
                                                       0x7e, 0xeb, 0x43};
constexpr std::uint8_t cjdns_prefix = 0xfc;

bool begins_with(const std::vector<std::uint8_t>& bytes, const auto& prefix) {
  return bytes.size() >= prefix.size() &&
         std::equal(prefix.begin(), prefix.end(), bytes.begin());
}

bool is_ip(const wire::network_address& x) {
  return x.network_id == wire::ipv4_network || x.network_id == wire::ipv6_network;
}

std::optional<address_refusal> refusal_of_ip(const wire::network_address& x,
                                             bool allow_unroutable) {
  auto old_form = wire::to_timed_address(x);
  if (!old_form || x.port == 0)
    return address_refusal::malformed;
  if (x.network_id == wire::ipv6_network &&
      (begins_with(x.bytes, wire::ipv4_mapped_prefix) ||
       begins_with(x.bytes, onion_cat_prefix)))
    return address_refusal::malformed;
  auto where = to_endpoint(old_form->address);
  // A link-local address does not say on which link it is meant.
  if (where.is_link_local() ||
      (allow_unroutable ? !names_host(where) : !is_routable(where)))
    return address_refusal::unroutable;
  return std::nullopt;
}

/// The mixing step of SplitMix64: from one secret number, one for each peer.
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

} // namespace

std::optional<address_refusal> refusal_of(const wire::network_address& x,
                                          bool allow_unroutable) {
  const auto valid = [](bool condition) {
    return condition ? std::nullopt : std::optional{address_refusal::malformed};
  };
  switch (x.network_id) {
  case wire::ipv4_network:
  case wire::ipv6_network: return refusal_of_ip(x, allow_unroutable);
  case wire::tor_v3_network: return valid(x.bytes.size() == 32 && x.port != 0);
  case wire::i2p_network: return valid(x.bytes.size() == 32);
  case wire::cjdns_network:
    return valid(x.bytes.size() == 16 && x.bytes.front() == cjdns_prefix && x.port != 0);
  default: return address_refusal::unknown_network;
  }
}

address_gossip::address_gossip(random_source& random, bool allow_unroutable)
    : random_(random), allow_unroutable_(allow_unroutable), hash_of_(random) {}

void address_gossip::peer_joined(peer_id peer, bool addrv2, bool takes_addresses,
                                 time_point now) {
  peers_.try_emplace(peer, peer_state{addrv2, address_token_bucket{now}, {}, {}, {}, {}});
  if (takes_addresses)
    start_sending(peer);
}

void address_gossip::peer_left(peer_id peer) {
  auto found = peers_.find(peer);
  if (found == peers_.end())
    return;
  flushes_.erase({found->second.flush, peer});
  std::erase_if(recipients_, [peer](const recipient& x) { return x.peer == peer; });
  peers_.erase(found);
}

void address_gossip::start_sending(peer_id peer) {
  auto found = peers_.find(peer);
  if (found == peers_.end() ||
      std::ranges::count(recipients_, peer, &recipient::peer) > 0)
    return;
  recipients_.push_back({peer, found->second.addrv2});
}

void address_gossip::asked(peer_id peer, time_point now) {
  if (auto found = peers_.find(peer); found != peers_.end())
    found->second.allowance.add_request(now);
}

void address_gossip::told(peer_id peer,
                          const std::vector<wire::network_address>& entries) {
  auto found = peers_.find(peer);
  if (found == peers_.end())
    return;
  for (const auto& entry : entries)
    found->second.known.insert(hash_of_(entry));
}

address_intake address_gossip::receive(peer_id peer,
                                       std::vector<wire::network_address> entries,
                                       time_point now, unix_seconds wall,
                                       bool solicited) {
  address_intake result;
  const auto refuse = [&](address_refusal why, std::size_t count) {
    result.refused[static_cast<std::size_t>(why)] += count;
  };
  auto found = peers_.find(peer);
  if (found == peers_.end()) {
    refuse(address_refusal::peer_gone, entries.size());
    return result;
  }
  auto& source = found->second;
  const bool may_be_news = !solicited && entries.size() <= most_news;
  const auto paid = source.allowance.take(entries.size(), now);
  source.counts.processed += paid;
  source.counts.rate_limited += entries.size() - paid;
  refuse(address_refusal::rate_limited, entries.size() - paid);
  keep_random(entries, paid);
  for (auto& entry : entries) {
    if (auto why = refusal_of(entry, allow_unroutable_)) {
      refuse(*why, 1);
      continue;
    }
    entry.time = plausible_last_seen(entry.time, wall);
    const auto hash = hash_of_(entry);
    source.known.insert(hash);
    if (may_be_news && entry.time > wall - fresh && !refusal_of(entry, false))
      relay(entry, hash, peer, now, wall);
    result.entries.push_back(std::move(entry));
  }
  return result;
}

void address_gossip::keep_random(std::vector<wire::network_address>& entries,
                                 std::size_t count) {
  if (count == entries.size())
    return;
  // As far as it matters, a Fisher-Yates shuffle.
  for (std::size_t i = 0; i < count; ++i)
    std::swap(entries[i], entries[i + random_.below(entries.size() - i)]);
  entries.resize(count);
}

void address_gossip::relay(const wire::network_address& x, std::uint64_t hash,
                           peer_id source, time_point now, unix_seconds wall) {
  // The same peers for a whole rotation, in which they know the address after the first
  // time: repeating an address does not spread it further. The hash moves each address'
  // turn to another time of the day.
  constexpr auto period = static_cast<std::uint64_t>(rotation);
  auto turn = (static_cast<std::uint64_t>(wall) + hash % period) / period;
  for (const auto& chosen : choose(x, mixed(hash ^ turn), source))
    if (chosen && !peers_.at(*chosen).known.contains(hash))
      queue(*chosen, x, now);
}

address_gossip::chosen_peers address_gossip::choose(const wire::network_address& x,
                                                    std::uint64_t seed,
                                                    peer_id source) const {
  // Addresses that we cannot dial we cannot vouch for: every other one goes to a single
  // peer, as with Bitcoin Core.
  const bool two = is_ip(x) || seed % 2 == 1;
  chosen_peers best;
  std::array<std::uint64_t, 2> best_scores{};
  for (const auto& [peer, addrv2] : recipients_) {
    if (peer == source || !(addrv2 || is_ip(x)))
      continue;
    auto score = mixed(seed ^ peer);
    if (!best[0] || score > best_scores[0]) {
      best = {peer, best[0]};
      best_scores = {score, best_scores[0]};
    } else if (!best[1] || score > best_scores[1]) {
      best[1] = peer;
      best_scores[1] = score;
    }
  }
  if (!two)
    best[1].reset();
  return best;
}

void address_gossip::queue(peer_id peer, const wire::network_address& x, time_point now) {
  auto& to = peers_.at(peer);
  if (to.queue.empty()) {
    to.flush = now + random_delay();
    flushes_.emplace(to.flush, peer);
  }
  if (to.queue.size() < max_queued)
    to.queue.push_back(x);
  else
    to.queue[random_.below(max_queued)] = x;
}

std::chrono::nanoseconds address_gossip::random_delay() {
  // 53 random bits make a number in (0, 1], so that the delay is at most 37 times the
  // mean.
  auto uniform = static_cast<double>((random_.next() >> 11) + 1) * 0x1p-53;
  std::chrono::duration<double> delay = -std::log(uniform) * mean_delay;
  return std::chrono::duration_cast<std::chrono::nanoseconds>(delay);
}

std::vector<address_batch> address_gossip::due(time_point now) {
  std::vector<address_batch> result;
  while (!flushes_.empty() && flushes_.begin()->first <= now) {
    auto peer = flushes_.begin()->second;
    flushes_.erase(flushes_.begin());
    auto& state = peers_.at(peer);
    address_batch batch{peer, {}};
    for (auto& entry : std::exchange(state.queue, {})) {
      // Queued twice, or told by the peer itself in the meantime.
      auto hash = hash_of_(entry);
      if (state.known.contains(hash))
        continue;
      state.known.insert(hash);
      batch.entries.push_back(std::move(entry));
    }
    if (!batch.entries.empty())
      result.push_back(std::move(batch));
  }
  return result;
}

std::optional<time_point> address_gossip::next_due() const {
  if (flushes_.empty())
    return std::nullopt;
  return flushes_.begin()->first;
}

gossip_counts address_gossip::counts(peer_id peer) const {
  auto found = peers_.find(peer);
  return found == peers_.end() ? gossip_counts{} : found->second.counts;
}

std::size_t address_gossip::queued(peer_id peer) const {
  auto found = peers_.find(peer);
  return found == peers_.end() ? 0 : found->second.queue.size();
}

} // namespace peerage
