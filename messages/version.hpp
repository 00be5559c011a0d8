// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace peerage {

/// Of this program: "0.1.0".
std::string_view program_version();

} // namespace peerage
