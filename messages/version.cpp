// SPDX-License-Identifier: MIT
#include "messages/version.hpp"

namespace peerage {

std::string_view program_version() {
  return PEERAGE_VERSION;
}

} // namespace peerage
