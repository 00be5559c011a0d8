// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/alarm_clock.hpp"
#include "actors/interfaces/broadcasts.hpp"
#include "messages/lifecycle.hpp"
#include "messages/wire/hash.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <vector>

namespace peerage {

/// Peers' statements that they have, or lack, a block or transaction. Only hints for
/// routing: peers may lie, and old or surplus statements are forgotten.
///
/// Two generations, as in zebra-network's registry of the same name: statements go into
/// the current one; when it is `generation_length` old it becomes the previous one, and
/// the previous one is dropped. A statement lives one to two generations. The newest
/// statement of a peer about a hash replaces its older one.
class inventory_registry {
public:
  /// A prime number of seconds, so that rotations do not fall together with other timers.
  /// Two of them span one block interval of networks with fast blocks (zebra-network:
  /// INVENTORY_ROTATION_INTERVAL).
  static constexpr std::chrono::seconds generation_length{53};
  /// Hashes in one generation; beyond, the oldest goes first (MAX_INV_PER_MAP).
  static constexpr std::size_t max_hashes = 1'000;
  /// Peers kept for one hash in one generation; the oldest goes first
  /// (MAX_PEERS_PER_INV).
  static constexpr std::size_t max_peers_per_hash = 70;

  inventory_registry() = default;
  // A copy's iterators would point into the original.
  inventory_registry(const inventory_registry&) = delete;
  inventory_registry& operator=(const inventory_registry&) = delete;

  /// The peer offered the item.
  void announced(peer_id peer, const wire::hash256& hash, time_point now) {
    state(peer, hash, true, now);
  }

  /// The peer said notfound. A timeout is no such statement: it says nothing about what
  /// the peer has.
  void missing(peer_id peer, const wire::hash256& hash, time_point now) {
    state(peer, hash, false, now);
  }

  /// Forgets all that the peer said. Takes time in proportion to the whole registry.
  void peer_left(peer_id peer);

  /// Ages what is known; queries answer as of the last rotation or statement.
  void rotate(time_point now);

  /// Peers whose newest statement about the hash is that they have it.
  std::vector<peer_id> peers_with(const wire::hash256& hash) const;

  /// The peer's newest statement about the hash is that it lacks it.
  bool lacks(peer_id peer, const wire::hash256& hash) const;

  std::size_t hash_count() const {
    return current_.by_hash.size() + previous_.by_hash.size();
  }

private:
  struct statement {
    peer_id peer;
    bool has;
  };
  using statements = std::vector<statement>; ///< Oldest first.

  struct generation {
    /// Ordered, not hashed: remotes choose the hashes, and could make them collide.
    std::map<wire::hash256, statements> by_hash;
    /// The keys of `by_hash` in order of arrival.
    std::deque<std::map<wire::hash256, statements>::iterator> by_age;

    statements& about(const wire::hash256& hash);
    const statements* find(const wire::hash256& hash) const;
    void retract(peer_id peer, const wire::hash256& hash);
    void retract_all(peer_id peer);
  };

  void state(peer_id peer, const wire::hash256& hash, bool has, time_point now);

  generation current_;
  generation previous_; ///< Says nothing of a (peer, hash) that is in `current_`.
  time_point current_since_;
};

} // namespace peerage
