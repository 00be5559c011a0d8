// SPDX-License-Identifier: MIT
#pragma once

#include "actors/addresses/address_key.hpp"
#include "actors/base/keyed_hash.hpp"

#include <cstddef>
#include <optional>

namespace peerage {

/// Slots of a bucket, of both kinds (Bitcoin Core: `ADDRMAN_BUCKET_SIZE`).
inline constexpr std::size_t slots_per_bucket = 64;

/// Buckets of addresses that we only heard of, and of those that have answered us: a
/// quarter of Bitcoin Core's 1,024 and 256, for 16,384 + 4,096 addresses.
inline constexpr std::size_t new_buckets = 256;
inline constexpr std::size_t tried_buckets = 64;

/// The addresses told by one group of sources can be in this many of the new buckets: one
/// sixteenth, as in Bitcoin Core (`ADDRMAN_NEW_BUCKETS_PER_SOURCE_GROUP`: 64 of 1,024).
inline constexpr std::size_t new_buckets_per_source_group = 16;

/// The addresses of one group can be in this many of the tried buckets: one sixteenth.
/// Bitcoin Core has 8 of 256 (`ADDRMAN_TRIED_BUCKETS_PER_GROUP`); 2 of 64 would leave a
/// group of honest nodes too little room.
inline constexpr std::size_t tried_buckets_per_group = 4;

/// A bucket and a slot in it.
struct address_place {
  std::size_t bucket = 0;
  std::size_t slot = 0;

  friend bool operator==(const address_place&, const address_place&) = default;
};

/// Says where an address may stand: one place among the new, one among the tried. Without
/// the secret one can neither tell where that is, nor find addresses that share it.
///
/// This bounds how much an attacker can take with any number of addresses:
/// - told by one group of sources: at most 16 of 256 new buckets;
/// - lying in `a` groups, told by `s` groups of sources: at most a * s new buckets;
/// - lying in `a` groups and answering: at most 4 * a of 64 tried buckets.
class address_placement {
public:
  explicit address_placement(const hash_secret& secret) : secret_(secret) {}

  const hash_secret& secret() const { return secret_; }

  /// @param source The source; all addresses without one share one group of sources.
  address_place among_new(const wire::network_address& address,
                          const std::optional<endpoint>& source) const;

  address_place among_tried(const wire::network_address& address) const;

private:
  hash_secret secret_;
};

} // namespace peerage
