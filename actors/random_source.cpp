#include "actors/random_source.hpp"

#include <openssl/rand.h>

#include <stdexcept>

namespace peerage {

random_source::random_source(std::optional<std::uint64_t> seed)
    : seeded_(seed.has_value()), state_(seed.value_or(0)) {}

std::uint64_t random_source::next() {
  if (!seeded_) {
    std::uint64_t result;
    if (RAND_bytes(reinterpret_cast<unsigned char*>(&result), sizeof result) != 1)
      throw std::runtime_error("the system has no random numbers");
    return result;
  }
  // SplitMix64 (Steele, Lea, Flood 2014): one atomic step, then a mix of it.
  auto x = state_.fetch_add(0x9e3779b97f4a7c15u) + 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

std::uint64_t random_source::next_nonzero() {
  for (;;)
    if (auto x = next())
      return x;
}

} // namespace peerage
