// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/alarm_clock.hpp"
#include "actors/base/local_message.hpp"
#include "actors/interfaces/attempts.hpp"
#include "actors/interfaces/broadcasts.hpp"
#include "actors/interfaces/peer.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "actors/transport/transport.hpp"

/// What the LISTENER is told and asked.
namespace peerage {

/// PEER_MANAGER -> LISTENER: where new peers go. Sent once; nothing is accepted before.
struct attach_peer_set {
  inbound_peers_sink peers;
};

/// Status -> LISTENER: what would stop a connection from this address? Changes nothing.
struct explain_accept {
  endpoint remote;
};

/// Owns the inbound places, and the handshakes of remotes that dialed us.
using listener_actor =
  peer_sink::extend<caf::reacts_to<attach_peer_set>,
                    // The acceptors: a new socket, or no descriptor for one.
                    caf::reacts_to<accepted>, caf::reacts_to<out_of_descriptors>,
                    // PEER_SET, BAN_MANAGER, PEER_MANAGER.
                    caf::reacts_to<peer_joined>, caf::reacts_to<peer_left>,
                    caf::reacts_to<bans_changed>, caf::reacts_to<set_network_active>,
                    // PEER_MANAGER, status: counts since the start.
                    caf::replies_to<get_attempt_counts>::with<attempt_counts>,
                    // Status (`whynot`).
                    caf::replies_to<explain_accept>::with<obstacles>,
                    // Status: connections that still shake hands, with what is known of
                    // them.
                    caf::replies_to<get_peer_snapshots>::with<peer_snapshots>,
                    // Status: ends one of those; false if there is none with that id or
                    // address.
                    caf::replies_to<disconnect_peer>::with<bool>,
                    // INTERNAL: a newcomer's wait for a slot is over; the token is its
                    // id.
                    caf::reacts_to<alarm>>;

} // namespace peerage

PEERAGE_LOCAL_MESSAGE(peerage::attach_peer_set)
PEERAGE_LOCAL_MESSAGE(peerage::explain_accept)
