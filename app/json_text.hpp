// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

/// JSON as text, so that numbers stay as they were written: 0.00001000.
namespace peerage {

/// The value of a member of an object, as it is written; empty if there is none.
/// @param object One valid JSON document.
std::string_view member_text(std::string_view object, std::string_view name);

/// The same document with a line for each value, and two spaces more in each depth.
/// Control characters in strings, which some terminals obey, are escaped.
/// @param document One valid JSON document.
std::string pretty_json(std::string_view document);

} // namespace peerage
