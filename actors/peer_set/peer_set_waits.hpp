#pragma once

#include "actors/interfaces/peer_set.hpp"
#include "actors/peer_set/peer_set.hpp"

/// How the PEER_SET answers those who wait for peers. Part of its behaviour.
namespace peerage::routing {

using self_pointer = peer_set_actor::stateful_pointer<peer_set_state>;

/// How far it is: `met`, or what there is instead.
peers_waited_for describe_wait(self_pointer self, const wait_for_peers& x);

/// Answers those for whom it is so now.
void answer_waiting(self_pointer self);

caf::result<peers_waited_for> wait(self_pointer self, const wait_for_peers& x);

} // namespace peerage::routing
