#pragma once

#include "messages/lifecycle.hpp"
#include "messages/wire/envelope.hpp"

#include <array>
#include <cstdint>

namespace peerage {

/// What a HANDSHAKE hands over to its CONNECTION, so that all that went over the wire of
/// a peer is counted in one place.
struct traffic_so_far {
  explicit traffic_so_far(std::uint32_t magic) : outbox(magic) {}

  /// Has counted what was sent; empty.
  wire::outbox outbox;
  wire::command_tally received;
  std::uint64_t messages_received = 0;
  std::array<std::uint64_t, ignored_count> ignored{}; ///< Messages, by reason.
};

/// When a connection was opened, and when it last heard or said something, in Unix
/// seconds as the wall clock had them then.
struct connection_times {
  double opened = 0;
  double last_received = 0; ///< 0: nothing yet; so is the next.
  double last_sent = 0;
};

} // namespace peerage
