// SPDX-License-Identifier: MIT
#include "actors/peer_set/inventory_registry.hpp"

#include <algorithm>
#include <utility>

namespace peerage {

inventory_registry::statements&
inventory_registry::generation::about(const wire::hash256& hash) {
  if (auto found = by_hash.find(hash); found != by_hash.end())
    return found->second;
  if (by_age.size() == max_hashes) {
    by_hash.erase(by_age.front());
    by_age.pop_front();
  }
  auto added = by_hash.try_emplace(hash).first;
  by_age.push_back(added);
  return added->second;
}

const inventory_registry::statements*
inventory_registry::generation::find(const wire::hash256& hash) const {
  auto found = by_hash.find(hash);
  return found == by_hash.end() ? nullptr : &found->second;
}

void inventory_registry::generation::retract(peer_id peer, const wire::hash256& hash) {
  if (auto found = by_hash.find(hash); found != by_hash.end())
    std::erase_if(found->second, [&](const statement& x) { return x.peer == peer; });
}

void inventory_registry::generation::retract_all(peer_id peer) {
  for (auto& [hash, about] : by_hash)
    std::erase_if(about, [&](const statement& x) { return x.peer == peer; });
}

void inventory_registry::state(peer_id peer, const wire::hash256& hash, bool has,
                               time_point now) {
  rotate(now);
  previous_.retract(peer, hash);
  current_.retract(peer, hash);
  auto& about = current_.about(hash);
  if (about.size() == max_peers_per_hash)
    about.erase(about.begin());
  about.push_back({peer, has});
}

void inventory_registry::peer_left(peer_id peer) {
  current_.retract_all(peer);
  previous_.retract_all(peer);
}

void inventory_registry::rotate(time_point now) {
  if (now - current_since_ < generation_length)
    return;
  previous_ = std::exchange(current_, {});
  if (now - current_since_ >= 2 * generation_length) {
    // After a long time without a call both generations are too old.
    previous_ = {};
    current_since_ = now;
  } else {
    current_since_ += generation_length;
  }
}

std::vector<peer_id> inventory_registry::peers_with(const wire::hash256& hash) const {
  std::vector<peer_id> result;
  for (const auto* part : {&current_, &previous_})
    if (const auto* about = part->find(hash))
      for (const auto& x : *about)
        if (x.has)
          result.push_back(x.peer);
  return result;
}

bool inventory_registry::lacks(peer_id peer, const wire::hash256& hash) const {
  for (const auto* part : {&current_, &previous_})
    if (const auto* about = part->find(hash))
      for (const auto& x : *about)
        if (x.peer == peer)
          return !x.has;
  return false;
}

} // namespace peerage
