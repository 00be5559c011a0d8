// SPDX-License-Identifier: MIT
#pragma once

#include "messages/requests.hpp"

#include <cstdint>
#include <variant>

namespace peerage {

/// Names a request inside its connection.
using request_id = std::uint64_t;

/// How a request ended.
struct completion {
  request_id id = 0;
  std::variant<reply, caf::error> result;
};

} // namespace peerage
