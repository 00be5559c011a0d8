#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

namespace peerage {

/// The secret of an address table: without it, strangers cannot tell which addresses
/// share a bucket. Random, made once, and saved together with the entries.
using address_secret = std::array<std::uint8_t, 16>;

/// SipHash-2-4 (Aumasson and Bernstein, 2012): a 64-bit hash that cannot be predicted
/// without the secret.
std::uint64_t siphash(const address_secret& secret, std::span<const std::byte> bytes);

/// The hash of several values, byte by byte in this order. Only for types without padding
/// or other bytes that do not belong to their value. The types, and so the lengths, are
/// fixed per call: make the first part differ between calls of different meaning.
template <class... Parts>
std::uint64_t keyed_hash(const address_secret& secret, const Parts&... parts) {
  static_assert((std::has_unique_object_representations_v<Parts> && ...));
  std::array<std::byte, (sizeof(Parts) + ...)> bytes;
  auto* end = bytes.data();
  ((std::memcpy(end, &parts, sizeof parts), end += sizeof parts), ...);
  return siphash(secret, bytes);
}

} // namespace peerage
