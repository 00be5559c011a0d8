// SPDX-License-Identifier: MIT
#include "actors/base/random_source.hpp"

#include <openssl/rand.h>

#include <array>
#include <stdexcept>
#include <utility>

namespace peerage {

namespace {

/// The system's numbers, fetched several at a time: fetching each one costs several times
/// as much as the rest of routing a request. A number is wiped when it is given out.
class unpredictable_numbers {
public:
  std::uint64_t next() {
    if (left_ == 0) {
      if (RAND_bytes(reinterpret_cast<unsigned char*>(numbers_.data()),
                     sizeof numbers_) != 1)
        throw std::runtime_error("the system has no random numbers");
      left_ = numbers_.size();
    }
    return std::exchange(numbers_[--left_], 0);
  }

private:
  std::array<std::uint64_t, 64> numbers_{};
  std::size_t left_ = 0;
};

} // namespace

random_source::random_source(std::optional<std::uint64_t> seed)
    : seeded_(seed.has_value()), state_(seed.value_or(0)) {}

std::uint64_t random_source::next() {
  if (!seeded_) {
    thread_local unpredictable_numbers numbers;
    return numbers.next();
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
