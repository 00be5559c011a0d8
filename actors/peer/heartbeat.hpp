// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/local_message.hpp"
#include "actors/peer/heartbeat_schedule.hpp"
#include "actors/peer/node_context.hpp"

namespace peerage {

/// HEARTBEAT -> CONNECTION: put a ping on the wire. Answered with `peer_progress`.
struct send_heartbeat {
  std::uint64_t nonce = 0;
};

/// HEARTBEAT -> CONNECTION: answer with `peer_progress`, behind all messages so far.
struct look_at_progress {};

/// CONNECTION -> HEARTBEAT: the pong is here.
struct heartbeat_pong {
  std::uint64_t nonce = 0;
};

/// CONNECTION -> HEARTBEAT: we read nothing from the peer because our own node is behind.
/// That time does not count against the peer.
struct reading_paused {
  bool paused = false;
};

/// The part of a CONNECTION that its HEARTBEAT uses.
using heartbeat_sink_actor =
  caf::typed_actor<caf::reacts_to<send_heartbeat>, caf::reacts_to<look_at_progress>>;

using heartbeat_actor =
  caf::typed_actor<caf::reacts_to<heartbeat_pong>, caf::reacts_to<reading_paused>,
                   caf::reacts_to<peer_progress>,
                   caf::replies_to<get_peer_group>::with<peer_group>,
                   // The next ping, or the next look at the peer, is due.
                   caf::reacts_to<alarm>>;

struct heartbeat_state {
  heartbeat_state() = default;
  node_context_ptr context;
  caf::actor_addr sink; ///< Weak: the link ends us with the CONNECTION.
  heartbeat_schedule schedule;
  bool looking = false; ///< The CONNECTION has not answered yet.
  own_alarm alarm;
  static inline const char* name = "heartbeat";
};

/// Pings a peer when it is ready and then once per interval (invariant I4); ends with
/// `ping_timeout`, and through the link takes the CONNECTION along, when an answer is
/// missing, by `heartbeat_schedule`. The CONNECTION is the one to link.
///
/// It never ends a peer before the CONNECTION has told its progress: a busy CONNECTION is
/// not the peer's fault.
/// @param expects_pongs False for versions before BIP 31, which do not answer pings.
heartbeat_actor::behavior_type
heartbeat(heartbeat_actor::stateful_pointer<heartbeat_state> self,
          node_context_ptr context, const heartbeat_sink_actor& sink, bool expects_pongs);

} // namespace peerage

PEERAGE_LOCAL_MESSAGE(peerage::send_heartbeat)
PEERAGE_LOCAL_MESSAGE(peerage::look_at_progress)
PEERAGE_LOCAL_MESSAGE(peerage::heartbeat_pong)
PEERAGE_LOCAL_MESSAGE(peerage::reading_paused)
PEERAGE_LOCAL_MESSAGE(peerage::peer_progress)
