// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/status_server.hpp"

#include <chrono>

namespace peerage {

/// The options of `peerage status`, checked.
struct status_command_options {
  status_address at{ipv4_endpoint(127, 0, 0, 1, 8645), {}};
  bool watch = false;
  std::chrono::milliseconds interval{2000}; ///< Between an answer and the next question.
};

/// `peerage status`: asks a running node, and shows its answer to people. Returns the
/// exit status: 0, also when a signal ends the watching or the reader of the output is
/// gone; 1 if the node cannot be reached or the output not be written.
int run_status_command(const status_command_options& options);

} // namespace peerage
