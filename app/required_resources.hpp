// SPDX-License-Identifier: MIT
#pragma once

#include "app/config.hpp"

#include <cstddef>

namespace peerage {

/// Checks that the system grants what a node needs before it has any peer, before
/// anything is really taken: later, what is missing would show in the midst of a start,
/// on any thread. Takes all the file descriptors that the process may have.
/// @throws start_error for what is missing.
void require_resources(const run_options& options);

/// Warns if there are too few descriptors for all the peers that the node may have.
void check_descriptor_limit(const run_options& options, std::size_t max_outbound);

} // namespace peerage
