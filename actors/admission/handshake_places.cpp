// SPDX-License-Identifier: MIT
#include "actors/admission/handshake_places.hpp"

#include "actors/bans/reputation.hpp"

#include <utility>

namespace peerage {

void handshake_places::insert(peer_id id, const endpoint& remote, time_point now) {
  under_way_[id] = {remote, now};
}

void handshake_places::erase(peer_id id, outcome how, time_point now) {
  auto found = under_way_.extract(id);
  if (!found)
    return;
  const auto& remote = found.mapped().remote;
  switch (how) {
  case outcome::finished: forget(remote); break;
  case outcome::failed: note_failure(remote, now); break;
  case outcome::ended: break;
  }
}

std::optional<peer_id> handshake_places::displaced_by(const endpoint& newcomer,
                                                      time_point now,
                                                      const has_spoken& spoken) const {
  const auto id = worst(now, spoken);
  if (!id)
    return std::nullopt;
  const auto& found = under_way_.at(*id);
  if (now - found.since < grace &&
      failures_of(newcomer, now) > failures_of(found.remote, now))
    return std::nullopt;
  return id;
}

std::optional<peer_id> handshake_places::displaced_in(const subnet& range,
                                                      time_point now) const {
  for (const auto& [id, x] : under_way_)
    if (range.contains(x.remote))
      return now - x.since < grace ? std::nullopt : std::optional{id};
  return std::nullopt;
}

std::optional<peer_id> handshake_places::worst(time_point now,
                                               const has_spoken& spoken) const {
  std::optional<peer_id> result;
  std::pair<std::uint32_t, bool> most;
  for (const auto& [id, x] : under_way_) {
    const std::pair rank{failures_of(x.remote, now),
                         now - x.since >= silence && !spoken(id)};
    if (!result || rank > most) {
      result = id;
      most = rank;
    }
  }
  return result;
}

std::uint32_t handshake_places::failures_of(const endpoint& remote,
                                            time_point now) const {
  auto found = by_host_.find(accountable_range_of(remote));
  return found == by_host_.end() || now - found->second->failed_at >= memory
           ? 0
           : found->second->failures;
}

void handshake_places::note_failure(const endpoint& remote, time_point now) {
  const auto failures = failures_of(remote, now);
  const auto host = accountable_range_of(remote);
  forget(remote);
  if (by_host_.size() == max_hosts) {
    by_host_.erase(by_recency_.back().host);
    by_recency_.pop_back();
  }
  by_recency_.push_front({host, failures + 1, now});
  by_host_[host] = by_recency_.begin();
}

void handshake_places::forget(const endpoint& remote) {
  auto found = by_host_.find(accountable_range_of(remote));
  if (found == by_host_.end())
    return;
  by_recency_.erase(found->second);
  by_host_.erase(found);
}

} // namespace peerage
