// SPDX-License-Identifier: MIT
#pragma once

#include "actors/interfaces/peer_set.hpp"
#include "actors/peer_set/peer_set.hpp"

/// How the PEER_SET answers wait_for_peers. Part of its behaviour.
namespace peerage::routing {

using self_pointer = peer_set_actor::stateful_pointer<peer_set_state>;

/// To be called when the set starts.
void open_waits(self_pointer self);

/// Answers when it is so, at the latest after its time.
caf::result<peers_waited_for> wait(self_pointer self, const wait_for_peers& x);

} // namespace peerage::routing
