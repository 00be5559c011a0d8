// SPDX-License-Identifier: MIT
#pragma once

#include "actors/dialing/dialer.hpp"
#include "actors/interfaces/dialing.hpp"
#include "actors/transport/resolver.hpp"

/// How the DIALER looks up the host names of its peers. Parts of its behaviour.
namespace peerage::dialing {

using self_pointer = dialer_actor::stateful_pointer<dialer_state>;

/// Begins the lookups of manual peers that are due.
void look_up_due_names(self_pointer self);

/// A lookup has ended: whatever waits for it goes on.
void on_resolved(self_pointer self, const resolved& x);

/// The address of a name is dialed or connected no longer: the next one is looked up.
void let_go_of(self_pointer self, const endpoint& remote, bool was_named);

/// Dials a name once; its addresses are tried in their order until one is dialed.
caf::result<bool> dial_name_now(self_pointer self, const host_name& name);

caf::result<name_obstacles> explain_named(self_pointer self, const host_name& name);

/// The node stops: each lookup fails, and there are no more.
void end_lookups(self_pointer self);

} // namespace peerage::dialing
