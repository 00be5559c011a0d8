// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace peerage {

/// A page for people, from NAME.html in this folder; empty if there is none.
std::string_view page_of(std::string_view name);

} // namespace peerage
