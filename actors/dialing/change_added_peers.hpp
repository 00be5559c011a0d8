// SPDX-License-Identifier: MIT
#pragma once

#include "actors/dialing/dialer.hpp"
#include "actors/interfaces/dialing.hpp"

#include <string>

/// How people add and remove peers. Each change is on the disk before its answer. Parts
/// of the DIALER's behaviour.
namespace peerage::dialing {

using self_pointer = dialer_actor::stateful_pointer<dialer_state>;

caf::result<bool> add(self_pointer self, const add_manual_peer& x);

/// An existing connection stays, but is not dialed again once it ends; a dial under way
/// ends.
caf::result<bool> remove(self_pointer self, const std::string& text);

manual_peers list_manual(const dialer_state& state);

} // namespace peerage::dialing
