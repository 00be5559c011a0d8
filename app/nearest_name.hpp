// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace peerage {

/// The one of `names` that a person may have meant by `given`: the one that is the fewest
/// insertions, deletions, replacements and swaps of neighbours away (the optimal string
/// alignment distance). Upper case counts as lower case, and an underscore as a hyphen.
/// Empty if all of them are too far away to be meant.
std::string_view nearest_name(std::string_view given,
                              const std::vector<std::string_view>& names);

/// " (did you mean NAME?)", or nothing.
std::string did_you_mean(std::string_view given,
                         const std::vector<std::string_view>& names);

} // namespace peerage
