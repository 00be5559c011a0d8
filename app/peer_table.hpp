// SPDX-License-Identifier: MIT
#pragma once

#include "app/status_report.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace peerage {

/// Which peers a table shows, and in which order.
struct peer_selection {
  /// The heading of a column, with hyphens for spaces; empty: outbound peers first, each
  /// kind by its lowest ping. Peers without a value in that column come last.
  std::string sort{};
  bool reverse = false;
  /// Only peers with this text in a column, or, as "COLUMN=TEXT", in that column. Upper
  /// and lower case are the same. Empty: all.
  std::string filter{};
};

/// The headings by which people name columns: "min-ping".
std::vector<std::string> peer_column_names();

/// The selected peers of the list, by their places in it, in order.
/// @param now Unix seconds.
std::vector<std::size_t> select_peers(const std::vector<peer_report>& peers,
                                      const peer_selection& how, double now);

/// The headings and the peers at these places, as lines of ASCII text. The least
/// important columns give way where `width` is short.
std::vector<std::string> peer_table_lines(const std::vector<peer_report>& peers,
                                          const std::vector<std::size_t>& places,
                                          double now, std::optional<std::size_t> width);

} // namespace peerage
