// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/keyed_hash.hpp"
#include "actors/base/random_source.hpp"
#include "messages/wire/messages.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace peerage {

/// Hashes the identity of an address (network, bytes, port), not its time and services.
/// Keyed with a secret, so that strangers can neither prepare addresses that collide nor
/// foresee where one is sent.
class address_hasher {
public:
  explicit address_hasher(random_source& random);

  std::uint64_t operator()(const wire::network_address& x) const;

private:
  hash_secret secret_;
};

/// The addresses that one peer knows, because it told us or we told it. Exact about the
/// last 2,500 distinct ones, and forgets them all after 5,000 at the latest (Bitcoin
/// Core's m_addr_known is made for 5,000).
///
/// Takes no memory while empty and at most 32 KiB. It keeps 32 bits of a hash, so that
/// with a full set one unknown address in 860,000 is taken for a known one, and is not
/// relayed to this peer.
class peer_known_addresses {
public:
  static constexpr std::size_t generation_size = 2'500;

  /// @param hash By `address_hasher`.
  void insert(std::uint64_t hash);
  bool contains(std::uint64_t hash) const;

private:
  /// Sorted.
  using generation = std::vector<std::uint32_t>;

  generation recent_;
  generation older_; ///< Replaced by `recent_` when that is full.
};

} // namespace peerage
