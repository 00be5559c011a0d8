// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace peerage {

/// The text of a file of the folder `page`, by its name without ending; empty if there is
/// none.
std::string_view page_text(std::string_view name);

} // namespace peerage
