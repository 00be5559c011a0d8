// SPDX-License-Identifier: MIT
#include "actors/addresses/address_gossip.hpp"

#include "actors/addresses/address_entry.hpp"
#include "messages/wire/addresses.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace peerage {

namespace {

bool is_ip(const wire::network_address& x) {
  return x.network_id == wire::ipv4_network || x.network_id == wire::ipv6_network;
}

/// The mixing step of SplitMix64: from one secret number, one for each peer.
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

} // namespace

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
  auto found = peers_.find(peer);
  if (found == peers_.end()) {
    result.peer_gone = entries.size();
    return result;
  }
  auto& source = found->second;
  const bool may_be_news = !solicited && entries.size() <= most_news;
  const auto paid = source.allowance.take(entries.size(), now);
  source.counts.processed += paid;
  result.rate_limited = entries.size() - paid;
  source.counts.rate_limited += result.rate_limited;
  keep_random(entries, paid);
  for (auto& entry : entries) {
    if (auto fault = fault_of(entry, allow_unroutable_)) {
      ++result.faulty[static_cast<std::size_t>(*fault)];
      continue;
    }
    entry.time = plausible_last_seen(entry.time, wall);
    const auto hash = hash_of_(entry);
    source.known.insert(hash);
    if (may_be_news && entry.time > wall - fresh && !fault_of(entry, false))
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
