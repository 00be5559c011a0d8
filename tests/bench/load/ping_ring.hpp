// SPDX-License-Identifier: MIT
#pragma once

#include "tests/bench/messages.hpp"

#include <algorithm>
#include <cstddef>
#include <span>

namespace bench {

/// Prebuilt pings with different nonces, and the pongs that answer them, each behind the
/// previous one, so that many go out with one call. Every connection starts at the first.
class ping_ring {
public:
  explicit ping_ring(std::size_t largest_run)
      : count_(std::max(std::size_t{1024}, 2 * largest_run)) {
    // The beginning follows the end once more: no run is ever broken.
    for (std::size_t i = 0; i < count_ + largest_run; ++i) {
      bytes nonce;
      put_integer(nonce, first_nonce_ + i % count_, 8);
      put_message(pings_, ping_command, nonce);
      put_message(pongs_, pong_command, nonce);
    }
  }

  std::span<const byte> pings(std::size_t first, std::size_t count) const {
    return std::span{pings_}.subspan(first * ping_size, count * ping_size);
  }

  const byte* pong(std::size_t index) const { return pongs_.data() + index * ping_size; }

  std::size_t after(std::size_t index, std::size_t step) const {
    return (index + step) % count_;
  }

private:
  std::size_t count_;
  // Half of the numbers are enough, and the sum must not wrap around.
  std::uint64_t first_nonce_ = random_number() >> 1;
  bytes pings_;
  bytes pongs_;
};

} // namespace bench
