// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace peerage::test {

/// Bytes that `operator new` has handed out in this program so far, freed ones included;
/// with a sanitizer, also those of `malloc`.
std::size_t allocated_bytes();

/// Counts what is allocated during its life.
class allocation_counter {
public:
  allocation_counter() : start_(allocated_bytes()) {}
  std::size_t bytes() const { return allocated_bytes() - start_; }

private:
  std::size_t start_;
};

} // namespace peerage::test
