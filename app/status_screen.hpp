// SPDX-License-Identifier: MIT
#pragma once

#include "app/node_client.hpp"
#include "app/peer_table.hpp"

#include <chrono>

namespace peerage {

/// The options of `peerage status`, checked.
struct screen_options {
  status_address at;
  peer_selection selection;
  bool json = false; ///< The node's own document instead, one a line.
  bool watch = false;
  std::chrono::milliseconds interval{2000}; ///< Between an answer and the next question.
};

/// `peerage status`: asks a running node, and shows its answer to people. Returns the
/// exit status: 0, also when a signal ends the watching or the reader of the output is
/// gone; 1 if the output cannot be written. Throws `early_exit` if the node cannot be
/// reached; when watching, it is tried again instead.
int show_status(const screen_options& options);

} // namespace peerage
