// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/alarm_clock.hpp"
#include "actors/base/cancel_request.hpp"
#include "actors/base/local_message.hpp"
#include "actors/interfaces/broadcasts.hpp"
#include "actors/interfaces/peer.hpp"
#include "messages/service.hpp"
#include "messages/subnet.hpp"

#include <optional>
#include <string>

/// What the PEER_SET is told and asked.
namespace peerage {

/// LISTENER or DIALER -> PEER_SET: a peer for the set.
struct join_set {
  peer_ready peer;
  bool manual = false; ///< A person named it: caps do not apply.
};

/// LISTENER -> PEER_SET: end the least valuable inbound peer, as `evicted`; see
/// choose_eviction. Answers true if one was ended; `peer_left` follows when it is gone.
struct evict_inbound {};

/// Anybody -> PEER_SET: end this peer (all peers of this range), with this reason.
struct end_peer {
  peer_id peer = 0;
  peer_exit reason = peer_exit::disconnect_requested;
};
struct end_peers_in {
  subnet range;
  peer_exit reason = peer_exit::banned;
};

/// An actor that ends peers on demand.
using end_peer_sink =
  caf::typed_actor<caf::reacts_to<end_peer>, caf::reacts_to<end_peers_in>>;

/// What the LISTENER asks of the set: to take peers in, and to make room.
using inbound_peers_sink =
  caf::typed_actor<caf::reacts_to<join_set>, caf::replies_to<evict_inbound>::with<bool>>;

// -- addresses -------------------------------------------------------------------------

/// PEER_SET -> the `taker` of gather_addresses: what a peer answered to our getaddr.
struct addresses_answered {
  addresses_announced from;
};

using addresses_answered_sink = caf::typed_actor<caf::reacts_to<addresses_answered>>;

/// CRAWLER -> PEER_SET: ask up to `fan_out` peers for addresses, peers never asked before
/// first, and none asked less than 31 s ago. Each answer goes to `taker` at once: a
/// silent peer holds up no other's answer. Answers when all have answered or failed; at
/// once if no peer could be asked.
struct gather_addresses {
  std::size_t fan_out = 3;
  caf::timespan timeout{};
  addresses_answered_sink taker;
};
struct gathered_addresses {
  std::size_t asked = 0;   ///< Peers.
  std::size_t answers = 0; ///< Of peers.
  std::size_t entries = 0; ///< In them.
};

/// An actor that asks peers for addresses.
using gather_addresses_source =
  caf::typed_actor<caf::replies_to<gather_addresses>::with<gathered_addresses>>;

/// ADDRESS_BOOK -> PEER_SET: tell one peer about addresses.
struct tell_addresses {
  peer_id peer = 0;
  announce_addresses what;
};

/// An actor that tells peers about addresses.
using tell_addresses_sink = caf::typed_actor<caf::reacts_to<tell_addresses>>;

// -- blocks and transactions -----------------------------------------------------------

/// Anybody -> PEER_SET: like announce_block, but to every peer; a peer that is not ready
/// gets it when it is.
struct announce_block_to_all {
  wire::hash256 hash;
};

/// An actor that notes announced inventory and has it answered.
using inventory_sink = caf::typed_actor<caf::reacts_to<inventory_announced>>;

// -- people and programs ---------------------------------------------------------------

/// Anybody -> PEER_SET: like get_peer_snapshots, of one peer. Answers none if there is no
/// such peer.
struct get_snapshot_of {
  peer_id peer = 0;
};

/// Status, the library -> PEER_SET: end a peer, by its id or, if that is 0, by its
/// address. Answers false if there is no such peer. LISTENER and DIALER take it, too, for
/// connections that still shake hands.
struct disconnect_peer {
  peer_id peer = 0;
  endpoint address;
};

/// Status -> PEER_SET: ping every peer now, except those with a ping under way. The
/// answers show in their snapshots.
struct ping_all {};

/// Status -> PEER_SET: answered with the time at which it is handled. It shows how long
/// messages wait for the set.
struct mailbox_probe {
  time_point sent;
  time_point handled;
};

/// Selects peers: a peer fits if it matches every member that is set.
struct peer_pattern {
  peer_id id = 0;         ///< 0: any.
  endpoint address;       ///< All zero: any. Port 0: any port.
  std::string user_agent; ///< A part of the peer's; empty: any.

  bool fits(const peer_info& x) const {
    return (id == 0 || id == x.id) &&
           (address.ip == endpoint{}.ip || address.ip == x.remote.ip) &&
           (address.zone == 0 || address.zone == x.remote.zone) &&
           (address.port == 0 || address.port == x.remote.port) &&
           x.user_agent.find(user_agent) != std::string::npos;
  }
};

/// DIALER -> PEER_SET: a dial of this address begins, or will: it was added.
struct dial_begun {
  endpoint remote;
};
/// DIALER -> PEER_SET: it has failed. With the time of the next one, unless there will be
/// none by itself.
struct dial_given_up {
  endpoint remote;
  peer_exit reason = peer_exit::internal_error;
  std::optional<time_point> again;
};

/// Status, the library -> PEER_SET: answers when the condition holds, at the latest after
/// `timeout`. A wait for a peer (`connected`, `ready`) that `who` names by address and
/// port ends earlier, too: when its dial fails, or has failed less than 10 s ago, and no
/// other one is due before the time is over.
struct wait_for_peers {
  enum class condition : std::uint8_t {
    ready_count, ///< At least `count` peers are ready.
    connected,   ///< A peer that fits `who` is in the set.
    ready,       ///< The same, and the peer takes requests.
    gone,        ///< None is, and one has lately left, with `reason` (empty: any).
  };
  condition what = condition::ready_count;
  std::uint64_t count = 0;
  peer_pattern who;
  std::optional<peer_exit> reason;
  caf::timespan timeout{};
};
struct peers_waited_for {
  bool met = false;      ///< False: the time was over, or `hopeless`.
  bool hopeless = false; ///< The dial has failed, and there will be no other in time.
  peer_set_snapshot counts;
  peer_info peer;                               ///< A peer that meets the condition.
  peer_exit reason = peer_exit::internal_error; ///< Of a peer that is gone.
  /// Why the last dial of the address failed, if it did and there is no peer.
  std::optional<peer_exit> dial_failure;
};

// -- the set ---------------------------------------------------------------------------

/// PEER_SET holds every client, and with it every peer's life. It learns of ends by
/// monitoring, without sending a request (invariant I2), and is the one place where peers
/// are counted and requests are routed (I5, I14). It answers the same requests as a
/// client.
using peer_set_actor = requests_actor::extend<
  // LISTENER, DIALER. No answer: `peer_joined`, or `peer_left` alone, tells the outcome.
  caf::reacts_to<join_set>,
  // DIALER: for those who wait for a peer (`wait_for_peers`).
  caf::reacts_to<dial_begun>, caf::reacts_to<dial_given_up>,
  // BAN_MANAGER. No answer: `peer_left` tells the outcome.
  caf::reacts_to<end_peer>, caf::reacts_to<end_peers_in>,
  // LISTENER: whether a peer was ended for the newcomer.
  caf::replies_to<evict_inbound>::with<bool>,
  // The node.
  caf::reacts_to<announce_block_to_all>,
  // CRAWLER: how many were asked, and have answered.
  caf::replies_to<gather_addresses>::with<gathered_addresses>,
  // ADDRESS_BOOK. Dropped if the peer is gone or not ready.
  caf::reacts_to<tell_addresses>,
  // INBOUND_DISPATCHER. Notes which peer has which item, then delegates to the node's own
  // service.
  caf::reacts_to<inventory_announced>,
  // PEER_MANAGER and status: the counts of one moment.
  caf::replies_to<get_peer_set_snapshot>::with<peer_set_snapshot>,
  // Status. Asks each peer; those that do not answer within a second are left out.
  caf::replies_to<get_peer_snapshots>::with<peer_snapshots>,
  caf::replies_to<get_snapshot_of>::with<peer_snapshots>,
  caf::replies_to<mailbox_probe>::with<mailbox_probe>,
  // The client of a peer; fails with `peer_gone` if there is none with that id.
  caf::replies_to<caf::get_atom, peer_id>::with<client_actor>,
  // Status, for people and programs.
  caf::replies_to<disconnect_peer>::with<bool>, caf::reacts_to<ping_all>,
  caf::replies_to<wait_for_peers>::with<peers_waited_for>,
  // Callers of wait_for_peers or of a request: the answer is no longer wanted.
  caf::reacts_to<cancel_request>,
  // PEER_MANAGER, BAN_MANAGER.
  caf::reacts_to<set_network_active>, caf::reacts_to<bans_changed>,
  // INTERNAL: a fetch has something to do (the token is its number), or the time of a
  // waiter, or of a request without a peer, is over.
  caf::reacts_to<alarm>>;

} // namespace peerage

PEERAGE_LOCAL_MESSAGE(peerage::join_set)
PEERAGE_LOCAL_MESSAGE(peerage::evict_inbound)
PEERAGE_LOCAL_MESSAGE(peerage::end_peer)
PEERAGE_LOCAL_MESSAGE(peerage::end_peers_in)
PEERAGE_LOCAL_MESSAGE(peerage::addresses_answered)
PEERAGE_LOCAL_MESSAGE(peerage::gather_addresses)
PEERAGE_LOCAL_MESSAGE(peerage::gathered_addresses)
PEERAGE_LOCAL_MESSAGE(peerage::tell_addresses)
PEERAGE_LOCAL_MESSAGE(peerage::announce_block_to_all)
PEERAGE_LOCAL_MESSAGE(peerage::get_snapshot_of)
PEERAGE_LOCAL_MESSAGE(peerage::disconnect_peer)
PEERAGE_LOCAL_MESSAGE(peerage::ping_all)
PEERAGE_LOCAL_MESSAGE(peerage::dial_begun)
PEERAGE_LOCAL_MESSAGE(peerage::dial_given_up)
PEERAGE_LOCAL_MESSAGE(peerage::mailbox_probe)
PEERAGE_LOCAL_MESSAGE(peerage::wait_for_peers)
PEERAGE_LOCAL_MESSAGE(peerage::peers_waited_for)
