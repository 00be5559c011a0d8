// SPDX-License-Identifier: MIT
#pragma once

#include "actors/interfaces/peer_set.hpp"
#include "actors/peer_set/peer_set.hpp"

/// How the PEER_SET counts its peers and what it owes. Part of its behaviour.
namespace peerage::routing {

using self_pointer = peer_set_actor::stateful_pointer<peer_set_state>;

/// Everything counted at this moment (invariant I5).
peer_set_snapshot count(const peer_set_state& state);

/// To be called after every change of what `count` shows: tells readers, and those who
/// wait for peers.
void publish(self_pointer self);

/// Quits a set that is told to end, has no peers, and owes no answers (invariant I3).
void quit_if_done(self_pointer self);

} // namespace peerage::routing
