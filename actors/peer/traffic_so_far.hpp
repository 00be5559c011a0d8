// SPDX-License-Identifier: MIT
#pragma once

#include "actors/transport/transport.hpp"
#include "messages/lifecycle.hpp"
#include "messages/snapshots.hpp"
#include "messages/wire/envelope.hpp"

#include <array>
#include <cstdint>

namespace peerage {

/// The counts that a HANDSHAKE hands over to its CONNECTION, so that all traffic of a
/// peer is counted in one place.
struct traffic_so_far {
  explicit traffic_so_far(std::uint32_t magic) : outbox(magic) {}

  /// Empty, with the counts of sent messages.
  wire::outbox outbox;
  wire::command_tally received;
  std::uint64_t messages_received = 0;
  std::array<std::uint64_t, ignored_count> ignored{}; ///< Messages, by reason.
  bool high_bandwidth_from = false; ///< Asked for by a sendcmpct during the handshake.
};

/// Fills in what a connection's transport knows of its snapshot.
inline void describe_transport(const transport& from, peer_snapshot& to) {
  const auto traffic = from.traffic();
  to.traffic.bytes_received = traffic.received;
  to.traffic.bytes_sent = traffic.sent;
  to.last_received = traffic.last_received;
  to.last_sent = traffic.last_sent;
  to.unsent_bytes = from.unsent_bytes();
}

} // namespace peerage
