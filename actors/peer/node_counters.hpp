// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/duration_histogram.hpp"
#include "messages/wire/commands.hpp"

#include <array>
#include <atomic>
#include <cstdint>

namespace peerage {

/// Counts over all peers of a node, past ones included, for metrics. The only state that
/// many actors write; each write is one addition, and no decision depends on it.
struct node_counters {
  using by_command = std::array<std::atomic<std::uint64_t>, wire::command_count>;
  by_command messages_received{};
  by_command messages_sent{};
  duration_histogram handshakes;
  duration_histogram requests;
  duration_histogram pings;
};

} // namespace peerage
