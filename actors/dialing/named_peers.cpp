// SPDX-License-Identifier: MIT
#include "actors/dialing/named_peers.hpp"

#include <algorithm>
#include <utility>

namespace peerage {

void named_peers::add(const host_name& name, time_point now) {
  auto [at, added] = peers_.try_emplace(name);
  if (!added)
    ++at->second.wishes;
  else
    at->second.ready_at = now;
}

std::optional<endpoint> named_peers::remove(const host_name& name) {
  auto at = peers_.find(name);
  if (at == peers_.end() || --at->second.wishes > 0)
    return std::nullopt;
  auto result = at->second.remote;
  peers_.erase(at);
  return result;
}

const named_peers::peer* named_peers::find(const host_name& name) const {
  auto at = peers_.find(name);
  return at == peers_.end() ? nullptr : &at->second;
}

bool named_peers::contains(const endpoint& remote) const {
  return std::ranges::any_of(peers_,
                             [&](const entry& x) { return x.second.remote == remote; });
}

std::uint32_t named_peers::failures_of(const endpoint& remote) const {
  for (const auto& [name, x] : peers_)
    if (x.remote == remote)
      return x.failures;
  return 0;
}

named_peers::entry* named_peers::with(const endpoint& remote) {
  auto at = std::ranges::find_if(
    peers_, [&](const entry& x) { return x.second.remote == remote; });
  return at == peers_.end() ? nullptr : &*at;
}

/// After one more failure: doubled with each, and up to a quarter longer at random.
void named_peers::wait(peer& x, time_point now) {
  constexpr std::uint32_t enough_doublings = 16;
  using namespace std::chrono;
  const auto doublings = std::min(x.failures++, enough_doublings);
  const auto pause = std::min<milliseconds>(manual_backoff.first * (1 << doublings),
                                            manual_backoff.longest);
  const auto spread = random_.below(static_cast<std::uint64_t>(pause.count() / 4));
  x.ready_at = now + pause + milliseconds(static_cast<std::int64_t>(spread));
}

std::vector<host_name> named_peers::take_due(time_point now) {
  std::vector<host_name> result;
  for (auto& [name, x] : peers_)
    if (!x.remote && !x.is_looked_up && x.ready_at <= now) {
      x.is_looked_up = true;
      result.push_back(name);
    }
  return result;
}

std::optional<time_point> named_peers::next_lookup() const {
  std::optional<time_point> result;
  for (const auto& [name, x] : peers_)
    if (!x.remote && !x.is_looked_up && (!result || x.ready_at < *result))
      result = x.ready_at;
  return result;
}

std::optional<endpoint> named_peers::found(const host_name& name,
                                           const std::vector<endpoint>& dialable) {
  auto at = peers_.find(name);
  if (at == peers_.end() || !at->second.is_looked_up || dialable.empty())
    return std::nullopt;
  auto& x = at->second;
  auto next = std::ranges::find_if(
    dialable, [&](const endpoint& remote) { return !x.tried.contains(remote); });
  if (next == dialable.end()) {
    x.tried.clear();
    next = dialable.begin();
  }
  x.is_looked_up = false;
  x.remote = *next;
  x.problem.clear();
  return x.remote;
}

void named_peers::not_found(const host_name& name, std::string problem, time_point now) {
  auto at = peers_.find(name);
  if (at == peers_.end() || !at->second.is_looked_up)
    return;
  at->second.is_looked_up = false;
  at->second.problem = std::move(problem);
  wait(at->second, now);
}

bool named_peers::dial_failed(const endpoint& remote, peer_exit reason, time_point now) {
  auto* found = with(remote);
  if (!found)
    return false;
  found->second.problem =
    "the dial of " + to_string(remote) + " failed: " + std::string(to_string(reason));
  found->second.tried.insert(remote);
  found->second.remote.reset();
  wait(found->second, now);
  return true;
}

bool named_peers::joined(const endpoint& remote, time_point now) {
  auto* found = with(remote);
  if (!found)
    return false;
  found->second.connected_at = now;
  return true;
}

bool named_peers::left(const endpoint& remote, time_point now) {
  auto* found = with(remote);
  if (!found)
    return false;
  auto& x = found->second;
  const auto since = std::exchange(x.connected_at, std::nullopt);
  if (since && now - *since >= backoff::settled)
    x.failures = 0;
  x.problem = "the connection with " + to_string(remote) + " has ended";
  x.remote.reset();
  wait(x, now);
  return true;
}

} // namespace peerage
