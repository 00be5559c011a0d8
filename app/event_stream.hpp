// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/http/status_address.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace peerage {

/// Why the reading of events has ended.
enum class stream_end : std::uint8_t {
  enough,    ///< The reader wanted no more.
  signalled, ///< By SIGINT, SIGTERM or SIGHUP.
  node_gone, ///< The node stops.
};

/// Takes one event, as JSON. Returns false if that was enough. While it writes, it has to
/// watch the descriptor `urgent`, which is readable when a signal has come.
using event_taker = std::function<bool(std::string_view event, int urgent)>;

/// Reads the events of a node over its WebSocket from the number `from` on, and waits for
/// more. Throws `early_exit` with a status of `node_exit` if there is no stream, or if it
/// breaks; also if nothing comes for `patience` (0: waits for ever).
stream_end read_events(const status_address& at, std::uint64_t from,
                       std::chrono::milliseconds patience, const event_taker& take);

} // namespace peerage
