// SPDX-License-Identifier: MIT
#include "actors/addresses/peer_known_addresses.hpp"

#include <algorithm>
#include <iterator>
#include <span>

namespace peerage {

namespace {

std::uint32_t kept_part(std::uint64_t hash) {
  return static_cast<std::uint32_t>(hash >> 32);
}

} // namespace

address_hasher::address_hasher(random_source& random)
    : secret_{secret_of(random.next(), random.next())} {}

std::uint64_t address_hasher::operator()(const wire::network_address& x) const {
  std::vector<std::byte> place{std::byte{x.network_id},
                               static_cast<std::byte>(x.port >> 8),
                               static_cast<std::byte>(x.port)};
  std::ranges::copy(std::as_bytes(std::span{x.bytes}), std::back_inserter(place));
  return siphash(secret_, place);
}

void peer_known_addresses::insert(std::uint64_t hash) {
  auto kept = kept_part(hash);
  if (std::ranges::binary_search(recent_, kept))
    return;
  if (recent_.size() == generation_size) {
    older_.swap(recent_);
    recent_.clear();
  }
  recent_.insert(std::ranges::lower_bound(recent_, kept), kept);
}

bool peer_known_addresses::contains(std::uint64_t hash) const {
  auto kept = kept_part(hash);
  return std::ranges::binary_search(recent_, kept) ||
         std::ranges::binary_search(older_, kept);
}

} // namespace peerage
