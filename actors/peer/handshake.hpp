// SPDX-License-Identifier: MIT
#pragma once

#include "actors/peer/handshake_protocol.hpp"
#include "actors/peer/node_context.hpp"
#include "actors/peer/peer_outcome.hpp"
#include "actors/transport/transport.hpp"

#include <memory>

namespace peerage {

using handshake_actor = caf::typed_actor<
  // From the transport.
  caf::reacts_to<frame_batch>, caf::reacts_to<transport_closed>,
  caf::reacts_to<transport_drained>,
  // The handshake deadline.
  caf::reacts_to<alarm>,
  // What is known so far.
  caf::replies_to<get_peer_snapshot>::with<peer_snapshot>>;

struct handshake_state {
  handshake_state() = default;

  /// A handle to itself: a handshake finishes without another holder. Dropped by `quit`.
  caf::strong_actor_ptr keep;
  node_context_ptr context;
  peer_outcome_ptr outcome;
  transport_ptr connection;
  std::unique_ptr<handshake_protocol> protocol;
  time_point started;
  double opened = 0; ///< Unix seconds by the wall clock of that moment.
  static inline const char* name = "handshake";
};

/// Shakes hands on one open socket, in either direction, then starts the peer's group and
/// gives the client away. Owns its deadline: it finishes or fails without a holder or
/// waiter (invariant I6); and it ends with the clock that keeps its deadline. Told to
/// exit, it fails with that reason.
handshake_actor::behavior_type
handshake(handshake_actor::stateful_pointer<handshake_state> self,
          node_context_ptr context, transport_ptr connection, peer_outcome_ptr outcome);

/// The time to read bytes that had arrived at the deadline but were unread, as our own
/// node was slow. The handshake ends as soon as nothing is left to read, checked after
/// each pause: a remote that goes on sending gains no more than one pause.
inline constexpr std::chrono::seconds handshake_extension{1};
inline constexpr std::chrono::milliseconds handshake_reading_pause{20};

} // namespace peerage
