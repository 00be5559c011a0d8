// SPDX-License-Identifier: MIT
#include "actors/addresses/address_placement.hpp"

namespace peerage {

namespace {

/// The first part of everything that is hashed.
enum class hash_purpose : std::uint8_t {
  new_spread,
  new_bucket,
  new_slot,
  tried_spread,
  tried_bucket,
  tried_slot,
};

} // namespace

address_place address_placement::among_new(const wire::network_address& address,
                                           const std::optional<endpoint>& source) const {
  const auto source_group = source ? group_of(*source) : address_key{};
  // A group of addresses told by a group of sources has but one bucket.
  const std::uint64_t spread =
    keyed_hash(secret_, hash_purpose::new_spread, group_of(address), source_group) %
    new_buckets_per_source_group;
  const std::uint64_t bucket =
    keyed_hash(secret_, hash_purpose::new_bucket, source_group, spread) % new_buckets;
  return {bucket, keyed_hash(secret_, hash_purpose::new_slot, bucket, key_of(address)) %
                    slots_per_bucket};
}

address_place address_placement::among_tried(const wire::network_address& address) const {
  const auto key = key_of(address);
  const std::uint64_t spread =
    keyed_hash(secret_, hash_purpose::tried_spread, key) % tried_buckets_per_group;
  const std::uint64_t bucket =
    keyed_hash(secret_, hash_purpose::tried_bucket, group_of(address), spread) %
    tried_buckets;
  return {bucket,
          keyed_hash(secret_, hash_purpose::tried_slot, bucket, key) % slots_per_bucket};
}

} // namespace peerage
