// SPDX-License-Identifier: MIT
#pragma once

#include "messages/endpoint.hpp"

#include <caf/error.hpp>
#include <caf/make_message.hpp>
#include <caf/timespan.hpp>

#include <cstdint>
#include <string>
#include <string_view>

/// Peers: their identity, and the reasons why they end.
namespace peerage {

enum class peer_exit : std::uint8_t;

} // namespace peerage

CAF_ERROR_CODE_ENUM(peerage::peer_exit, "peer_exit")

namespace peerage {

/// Names one connection. Counts up from 1 and is never reused, so a late message about an
/// old connection cannot meet a new one.
using peer_id = std::uint64_t;

enum class peer_direction : std::uint8_t { inbound, outbound };
std::string_view to_string(peer_direction x);

/// Why a peer, a handshake or a dial ended. It travels as the exit reason of the whole
/// actor group, in `peer_gone` errors, in the log and as the label of exit counters. If
/// you add one, add its name in lifecycle.cpp and its meaning here.
enum class peer_exit : std::uint8_t {
  // -- clean ends, which are no failures ----------------------------------------------
  client_dropped = 1,   ///< The last handle of the client was dropped.
  shutting_down,        ///< The peer manager stops.
  remote_closed,        ///< The remote ended the connection between two messages.
  disconnect_requested, ///< A person or program asked for it.
  feeler_done,          ///< The feeler's address has answered.
  // -- the transport ------------------------------------------------------------------
  truncated_message, ///< The remote ended the connection inside a message.
  socket_error,      ///< Reset, unreachable, or another error of the socket.
  connect_refused,   ///< Nothing listens there.
  connect_timeout,   ///< TCP was not open at the connect deadline.
  connect_failed,    ///< TCP could not be opened for another reason.
  unsent_overflow,   ///< Queued bytes passed the bound while the remote did not read.
  // -- the protocol -------------------------------------------------------------------
  handshake_timeout,    ///< No verack at the handshake deadline.
  ping_timeout,         ///< A ping stayed unanswered.
  idle_timeout,         ///< Too old to answer pings, and sent nothing else either.
  wrong_magic,          ///< Another network, or another protocol.
  oversized_message,    ///< A length over the limit was announced.
  too_many_entries,     ///< More entries than allowed (addr, inv, headers, locator …).
  headers_not_linked,   ///< Headers in one message that are no chain.
  header_without_work,  ///< A hash above the stated target, or no valid target.
  obsolete_version,     ///< Older than the lowest version that we accept.
  late_feature_message, ///< wtxidrelay or sendaddrv2 after verack.
  unoffered_service,    ///< mempool, filter* or getcf* though we do not offer them.
  self_connection,      ///< The remote is ourselves: our own nonce came back.
  // -- our own limits -----------------------------------------------------------------
  inbound_limit,    ///< No inbound slot was free, and none was worth freeing.
  address_limit,    ///< Too many peers from that address.
  subnet_limit,     ///< Too many peers from its /24 or /64.
  connection_flood, ///< Too many connections from there, or from everywhere.
  evicted,          ///< Gave its slot, or place of a handshake, to a newcomer.
  banned,           ///< The address, or its range, is banned.
  lacks_services,   ///< We dialed it for services that it does not offer.
  network_inactive, ///< Connections are switched off (setnetworkactive).
  load_shed,        ///< Asked more than the node can answer; chosen at random.
  out_of_reach,     ///< This node dials no such addresses; see dial_reach.
  no_descriptor,    ///< The system has none for another connection, or no memory.
  internal_error,   ///< A bug of ours: an actor of the group crashed.
};

inline constexpr std::size_t peer_exit_count = 35;

/// snake_case, as JSON and metrics show it.
std::string_view to_string(peer_exit x);

/// The reason in an exit or down message. Other errors are mapped: `unreachable` is a
/// dropped client, `user_shutdown` a stop, everything else an internal error.
peer_exit exit_of(const caf::error& reason);

/// Why a message is ignored. Messages that break no limit but have no meaning here are
/// dropped and counted; the connection stays: strangers must not be able to confuse us
/// (invariant I10).
enum class ignored : std::uint8_t {
  before_version,      ///< Anything but version before version.
  before_verack,       ///< Neither verack nor a feature message, before verack.
  duplicate_handshake, ///< A second version or verack.
  old_peer_feature,    ///< A feature message from a version that does not have it.
  unknown_command,     ///< A command outside the known list.
  bad_checksum,        ///< The payload does not have the envelope's checksum.
  malformed,           ///< The payload cannot be read.
  odd_pong,            ///< A pong without a nonce, or with one that is not awaited.
  unsolicited,         ///< An answer without a request of ours.
  unknown_inventory,   ///< An inventory entry of a type that is not allowed there.
  repeated_getaddr,    ///< getaddr again, or from a peer that we dialed.
  obsolete,            ///< A message that today's nodes no longer act upon.
  service_failure,     ///< The node's inbound service failed or was late.
};

inline constexpr std::size_t ignored_count = 13;

std::string_view to_string(ignored x);

/// What is known of a peer after its handshake; constant from then on.
struct peer_info {
  peer_id id = 0;
  endpoint remote; ///< As dialed, or as accepted (then with an ephemeral port).
  endpoint local;
  peer_direction direction = peer_direction::inbound;
  std::int32_t protocol = 0; ///< The lower version of both sides.
  std::int32_t remote_protocol = 0;
  std::uint64_t services = 0;
  std::string user_agent; ///< As sent: any bytes. Sanitise it before showing it.
  std::int32_t start_height = 0;
  bool relay = true; ///< Wants transaction announcements.
  bool wtxidrelay = false;
  bool addrv2 = false;
  std::int64_t time_offset = 0; ///< Seconds the remote's clock is ahead of ours.
  caf::timespan handshake{};    ///< From the open socket to verack.
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, peer_info& x) {
  return f(caf::meta::type_name("peerage.peer_info"), x.id, x.remote, x.local,
           x.direction, x.protocol, x.remote_protocol, x.services, x.user_agent,
           x.start_height, x.relay, x.wtxidrelay, x.addrv2, x.time_offset, x.handshake);
}

} // namespace peerage
