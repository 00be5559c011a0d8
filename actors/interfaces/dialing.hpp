// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/alarm_clock.hpp"
#include "actors/base/local_message.hpp"
#include "actors/interfaces/addresses.hpp"
#include "actors/interfaces/attempts.hpp"
#include "actors/interfaces/bans.hpp"
#include "actors/interfaces/broadcasts.hpp"
#include "actors/interfaces/peer.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "actors/transport/resolver.hpp"
#include "messages/host_name.hpp"

#include <optional>
#include <string>
#include <vector>

/// What the DIALER is told and asked.
namespace peerage {

/// PEER_MANAGER -> DIALER: the actors it works with. Sent once; nothing is dialed before.
struct attach_discovery {
  peer_set_actor peers;
  address_book_actor book; ///< Null: only manual peers are dialed.
  ban_manager_actor ban_manager;
};

/// Status, the library -> DIALER: stay connected to this peer, now and after the next
/// start. Answers false if it was added before, and true when the addition is on the
/// disk; an error means that it is not, though the peer is dialed, or that the address is
/// out of reach.
struct add_manual_peer {
  endpoint remote;
  std::string text{}; ///< It is listed and removed by this; empty: the endpoint's.
  std::optional<host_name>
    name{}; ///< If it is set, the peer's, and `remote` is not used.
};

/// Status -> DIALER: stop dialing this peer; an existing connection stays. Answers false
/// if no peer was added with this text, else like `add_manual_peer`.
struct remove_manual_peer {
  std::string text;
};

/// Status -> DIALER: dial this address once, now, regardless of pauses and free places.
/// Answers false if it is connected or being dialed, an error if it is out of reach.
struct dial_once {
  endpoint remote;
};

/// The same for the first address of a name that can be dialed. Answers when the name has
/// been looked up; an error if that failed, or if none of its addresses can be dialed.
struct dial_name_once {
  host_name name;
};

/// Status -> DIALER: the manual peers, added by `add_manual_peer` or at the start.
struct get_manual_peers {};
struct manual_peers {
  struct entry {
    std::string text;
    std::optional<endpoint> remote; ///< Empty while the text names no endpoint.
    bool connected = false;         ///< By an outbound connection.
  };
  std::vector<entry> entries; ///< In the order they were added.
};

/// Status -> DIALER: what would stop a dial of this address by discovery, at this moment?
/// Changes nothing.
struct explain_dial {
  endpoint remote;
};

/// Status -> DIALER: the same about a host name, which is looked up unless it is a manual
/// peer with an address. Without an address, the obstacle is the lookup.
struct explain_name {
  host_name name;
};
struct name_obstacles {
  std::optional<endpoint> remote; ///< The address that was meant.
  obstacles dial;
};

/// Owns the outbound places, and everything that is dialed.
using dialer_actor = peer_sink::extend<
  // PEER_MANAGER, once.
  caf::reacts_to<attach_discovery>,
  // PEER_SET, BAN_MANAGER, ADDRESS_BOOK, PEER_MANAGER.
  caf::reacts_to<peer_joined>, caf::reacts_to<peer_left>, caf::reacts_to<bans_changed>,
  caf::reacts_to<addresses_available>, caf::reacts_to<set_network_active>,
  // PEER_MANAGER, status: counts since the start.
  caf::replies_to<get_attempt_counts>::with<attempt_counts>,
  // Status, for people and programs; what false and an error mean, see the messages.
  caf::replies_to<add_manual_peer>::with<bool>,
  caf::replies_to<remove_manual_peer>::with<bool>, caf::replies_to<dial_once>::with<bool>,
  caf::replies_to<dial_name_once>::with<bool>,
  caf::replies_to<get_manual_peers>::with<manual_peers>,
  // Status (`whynot`).
  caf::replies_to<explain_dial>::with<obstacles>,
  caf::replies_to<explain_name>::with<name_obstacles>,
  // RESOLVER: the addresses of a name.
  caf::reacts_to<resolved>,
  // Status: connections that still shake hands, with what is known of them.
  caf::replies_to<get_peer_snapshots>::with<peer_snapshots>,
  // Status: ends a dial that is under way; false if there is none.
  caf::replies_to<disconnect_peer>::with<bool>,
  // INTERNAL: a pause is over, or it is time to save.
  caf::reacts_to<alarm>>;

} // namespace peerage

PEERAGE_LOCAL_MESSAGE(peerage::attach_discovery)
PEERAGE_LOCAL_MESSAGE(peerage::add_manual_peer)
PEERAGE_LOCAL_MESSAGE(peerage::remove_manual_peer)
PEERAGE_LOCAL_MESSAGE(peerage::dial_once)
PEERAGE_LOCAL_MESSAGE(peerage::dial_name_once)
PEERAGE_LOCAL_MESSAGE(peerage::get_manual_peers)
PEERAGE_LOCAL_MESSAGE(peerage::manual_peers)
PEERAGE_LOCAL_MESSAGE(peerage::explain_dial)
PEERAGE_LOCAL_MESSAGE(peerage::explain_name)
PEERAGE_LOCAL_MESSAGE(peerage::name_obstacles)
