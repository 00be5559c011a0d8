#pragma once

#include "actors/base/random_source.hpp"
#include "messages/wire/messages.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace peerage {

/// Hashes what an address is (network, bytes, port), not what is said of it (time,
/// services). Keyed with a secret, so that nobody can prepare addresses that collide, or
/// foresee where one is sent.
class address_hasher {
public:
  explicit address_hasher(random_source& random);

  std::uint64_t operator()(const wire::network_address& x) const;

private:
  std::array<std::uint64_t, 2> secret_;
};

/// The addresses that one peer is known to know, because it told us or we told it. Exact
/// about the last 2,500 distinct ones, and forgets them all after 5,000 at the latest
/// (Bitcoin Core's m_addr_known is made for 5,000).
///
/// Takes nothing while empty and at most 32 KiB. Of a hash 32 bits are kept, so that with
/// a full set one unknown address in 860,000 is taken for a known one; all it misses is
/// to be relayed to this peer.
class peer_known_addresses {
public:
  static constexpr std::size_t generation_size = 2'500;

  /// `hash` as `address_hasher` makes it.
  void insert(std::uint64_t hash);
  bool contains(std::uint64_t hash) const;

private:
  /// Sorted.
  using generation = std::vector<std::uint32_t>;

  generation recent_;
  generation older_; ///< Replaced by `recent_` when that is full.
};

} // namespace peerage
