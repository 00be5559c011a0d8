// SPDX-License-Identifier: MIT
#pragma once

#include <stdexcept>

namespace peerage {

/// The node cannot start as asked to; what() names the option, or what is missing.
struct start_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

} // namespace peerage
