#pragma once

#include "app/config.hpp"

namespace peerage {

/// `peerage run`: starts a node, prints the ready line, and stops in order when a signal
/// asks for it. Returns the exit status: 0 after a stop that was asked for, 1 if the node
/// ended by itself, 2 if it could not start as asked to. Requires `block_stop_signals`.
int run_node(const run_options& options);

} // namespace peerage
