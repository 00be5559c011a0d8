// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/local_message.hpp"
#include "actors/interfaces/storage.hpp"
#include "messages/lifecycle.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace peerage {

/// What the LISTENER and the DIALER tell of connections on their way to become peers.
struct get_attempt_counts {};
struct attempt_counts {
  std::size_t in_flight = 0; ///< Handshakes, or dials with their handshakes.
  std::size_t in_flight_limit = 0;
  std::size_t limit = 0; ///< Places for peers of this direction.
  std::array<std::uint64_t, peer_exit_count + 1> failures{}; ///< By reason.
  /// Of the LISTENER: connections that it let in to shake hands, and those of `failures`
  /// that it turned away before.
  std::uint64_t accepted = 0;
  std::array<std::uint64_t, peer_exit_count + 1> refused{};
  std::uint64_t handshakes = 0; ///< Finished.
  std::uint64_t offered = 0;    ///< Peers handed to the PEER_SET.
  save_counts saves;            ///< Of the DIALER's file.
};

/// One thing that stands in the way of a connection.
struct obstacle {
  std::string kind;   ///< snake_case; see actors/status/README.md.
  std::string detail; ///< For people.
  double until = 0;   ///< Unix seconds; 0: it does not end by itself.
};

/// What would stop a connection (`whynot`).
struct obstacles {
  std::vector<obstacle> entries; ///< Empty: the connection is possible now.
};

} // namespace peerage

PEERAGE_LOCAL_MESSAGE(peerage::get_attempt_counts)
PEERAGE_LOCAL_MESSAGE(peerage::attempt_counts)
PEERAGE_LOCAL_MESSAGE(peerage::obstacles)
