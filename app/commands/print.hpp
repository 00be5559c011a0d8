// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peerage {

/// Writes to standard output. Returns the exit status: 0, also when the reader is gone;
/// 1, with a line on stderr, if it cannot be written.
int print(std::string_view text);

/// The same, a line each.
int print_lines(const std::vector<std::string>& lines);

/// The columns of the terminal; empty if standard output is none.
std::optional<std::size_t> output_width();

} // namespace peerage
