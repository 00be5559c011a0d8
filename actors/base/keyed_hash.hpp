// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

namespace peerage {

/// Random, and told to no one: without it a hash cannot be foreseen, so strangers cannot
/// choose values that collide.
using hash_secret = std::array<std::uint8_t, 16>;

/// A secret of two random numbers.
inline hash_secret secret_of(std::uint64_t first, std::uint64_t second = 0) {
  hash_secret result;
  std::memcpy(result.data(), &first, sizeof first);
  std::memcpy(result.data() + sizeof first, &second, sizeof second);
  return result;
}

/// SipHash-2-4 (Aumasson and Bernstein, 2012): a 64-bit hash that cannot be predicted
/// without the secret.
std::uint64_t siphash(const hash_secret& secret, std::span<const std::byte> bytes);

/// The hash of several values, byte by byte in this order. Only for types without padding
/// or other bytes that do not belong to their value. The types, and so the lengths, are
/// fixed per call: make the first part differ between calls of different meaning.
template <class... Parts>
std::uint64_t keyed_hash(const hash_secret& secret, const Parts&... parts) {
  static_assert((std::has_unique_object_representations_v<Parts> && ...));
  std::array<std::byte, (sizeof(Parts) + ...)> bytes;
  auto* end = bytes.data();
  ((std::memcpy(end, &parts, sizeof parts), end += sizeof parts), ...);
  return siphash(secret, bytes);
}

} // namespace peerage
