// SPDX-License-Identifier: MIT
#pragma once

#include "messages/checks/expects.hpp"

#include <atomic>
#include <cstdint>
#include <optional>

namespace peerage {

/// The one source of randomness of a node. With a seed, the numbers repeat from run to
/// run (as long as they are asked for in the same order); without, they are
/// unpredictable. Thread-safe.
class random_source {
public:
  explicit random_source(std::optional<std::uint64_t> seed);

  std::uint64_t next();
  std::uint64_t next_nonzero();
  /// Uniform in [0, bound). Requires bound > 0.
  std::uint64_t below(std::uint64_t bound) {
    PEERAGE_EXPECTS(bound > 0);
    return next() % bound;
  }

private:
  bool seeded_;
  std::atomic<std::uint64_t> state_;
};

} // namespace peerage
