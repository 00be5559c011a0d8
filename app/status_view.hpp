// SPDX-License-Identifier: MIT
#pragma once

#include "app/peer_table.hpp"
#include "app/status_report.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace peerage {

/// The available room, in characters and lines. Not set: no limit.
struct view_size {
  std::optional<std::size_t> width;
  std::optional<std::size_t> height;
};

/// A report as lines of ASCII text: the node, its counts, why peers left, and a table of
/// the selected peers. Never more lines than `size` has: the last one then tells how many
/// of them are not shown. `now` is in Unix seconds.
std::vector<std::string> status_lines(const status_report& report, double now,
                                      const view_size& size,
                                      const peer_selection& selection = {});

} // namespace peerage
