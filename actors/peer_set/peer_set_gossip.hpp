// SPDX-License-Identifier: MIT
#pragma once

#include "actors/interfaces/peer_set.hpp"
#include "actors/peer_set/peer_set.hpp"

/// How the PEER_SET tells all peers of a block, and gathers and tells addresses. Parts of
/// its behaviour.
namespace peerage::routing {

using self_pointer = peer_set_actor::stateful_pointer<peer_set_state>;

void to_all(self_pointer self, const announce_block& what);

caf::result<gathered_addresses> gather(self_pointer self, const gather_addresses& what);

void tell(self_pointer self, tell_addresses&& what);

} // namespace peerage::routing
