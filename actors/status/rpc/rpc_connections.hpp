// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/rpc/rpc.hpp"
#include "messages/endpoint.hpp"
#include "messages/host_name.hpp"
#include "messages/snapshots.hpp"

#include <functional>

namespace peerage {

/// Calls `then` with the connections that still shake hands, in either direction: Core
/// counts a connection from the first byte on; the PEER_SET has it after the handshake.
/// A caller that asks the set as well asks it in `then`, so that a connection on its way
/// into the set is not missed.
void ask_handshakes(status_pointer self, const std::function<void(peer_snapshots)>& then);

/// Calls `then` with the address. A link-local one without a zone gets the zone of the
/// link that it is connected on, unless there is none, or more than one.
void with_zone(status_pointer self, const endpoint& named,
               const std::function<void(const endpoint&)>& then);

/// Calls `then` with the address that a host name has for the DIALER: that of the manual
/// peer, or what a lookup brings. Without one, the call ends with an error.
void with_address_of(status_pointer self, const host_name& name, const rpc_done& done,
                     const std::function<void(const endpoint&)>& then);

} // namespace peerage
