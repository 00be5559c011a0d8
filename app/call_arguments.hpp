// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace peerage {

/// An argument of a call as JSON: what reads as JSON is that, and everything else is
/// text. So "5" is a number, "1.2.3.4" a text, and "\"5\"" the text 5.
nlohmann::ordered_json call_argument(const std::string& text);

/// The parameters of a call: an array, or an object if some are named, as KEY=VALUE;
/// those that are not then stand in "args", as Bitcoin Core has it. A key is a small
/// letter, and small letters, digits and underscores behind it.
/// @throws option_error for a key that is given twice.
nlohmann::ordered_json call_parameters(const std::vector<std::string>& arguments);

} // namespace peerage
