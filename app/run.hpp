// SPDX-License-Identifier: MIT
#pragma once

#include "app/config.hpp"

namespace peerage {

/// `peerage run`: starts a node, prints the ready line, and stops in order after a
/// signal, or the end of standard input if so told. Returns the exit status: 0 after such
/// a stop, 1 if the node ended by itself, 2 if it could not start.
int run_node(const run_options& options);

} // namespace peerage
