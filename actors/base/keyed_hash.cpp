// SPDX-License-Identifier: MIT
#include "actors/base/keyed_hash.hpp"

#include <bit>

namespace peerage {

namespace {

/// Up to eight bytes as a number, the first one lowest.
std::uint64_t little_endian(std::span<const std::byte> bytes) {
  std::uint64_t result = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    result |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
  return result;
}

struct sip_state {
  std::uint64_t v0, v1, v2, v3;

  void rounds(int count) {
    for (; count > 0; --count) {
      v0 += v1;
      v2 += v3;
      v1 = std::rotl(v1, 13) ^ v0;
      v3 = std::rotl(v3, 16) ^ v2;
      v0 = std::rotl(v0, 32);
      v2 += v1;
      v0 += v3;
      v1 = std::rotl(v1, 17) ^ v2;
      v3 = std::rotl(v3, 21) ^ v0;
      v2 = std::rotl(v2, 32);
    }
  }

  void add(std::uint64_t word) {
    v3 ^= word;
    rounds(2);
    v0 ^= word;
  }
};

} // namespace

std::uint64_t siphash(const hash_secret& secret, std::span<const std::byte> bytes) {
  const auto key = std::as_bytes(std::span{secret});
  const auto low = little_endian(key.first(8));
  const auto high = little_endian(key.last(8));
  // The constants spell "somepseudorandomlygeneratedbytes".
  sip_state state{low ^ 0x736f6d6570736575u, high ^ 0x646f72616e646f6du,
                  low ^ 0x6c7967656e657261u, high ^ 0x7465646279746573u};
  const auto length = static_cast<std::uint64_t>(bytes.size());
  for (; bytes.size() >= 8; bytes = bytes.subspan(8))
    state.add(little_endian(bytes.first(8)));
  state.add(length << 56 | little_endian(bytes));
  state.v2 ^= 0xff;
  state.rounds(4);
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

} // namespace peerage
