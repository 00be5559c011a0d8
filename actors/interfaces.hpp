#pragma once

#include "actors/base/alarm_clock.hpp"
#include "actors/base/cancel_request.hpp"
#include "actors/base/local_message.hpp"
#include "actors/transport/transport.hpp"
#include "messages/events.hpp"
#include "messages/inbound.hpp"
#include "messages/misbehaviour.hpp"
#include "messages/requests.hpp"
#include "messages/snapshots.hpp"
#include "messages/type_ids.hpp"

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <optional>

/// Every typed handle that one part of the system holds of another.
namespace peerage {

/// The typed requests. A CLIENT answers them for one peer, the PEER_SET for all, so code
/// written for one works for the other.
using requests_actor =
  caf::typed_actor<caf::replies_to<measure_latency>::with<latency>,
                   caf::replies_to<get_addresses>::with<addresses>,
                   caf::replies_to<get_headers>::with<headers>,
                   caf::replies_to<get_block_hashes>::with<block_hashes>,
                   caf::replies_to<get_blocks>::with<blocks>,
                   caf::replies_to<get_transactions>::with<transactions>,
                   caf::replies_to<get_mempool>::with<transaction_ids>,
                   // The rest answer when the message is handed to the socket.
                   caf::reacts_to<send_transaction>,
                   caf::reacts_to<announce_transactions>, caf::reacts_to<announce_block>,
                   caf::reacts_to<announce_addresses>>;

/// CONNECTION -> CLIENT: a request that it was handed has ended.
struct request_finished {};

/// Anybody -> CLIENT -> CONNECTION: ping the remote, unless a ping is under way. The
/// answer shows in the peer's snapshot. Peers too old to answer are not pinged.
struct ping_now {};

/// Fronts one peer. Its last handle is the peer's life: drop it and the peer ends.
using client_actor =
  requests_actor::extend<caf::replies_to<get_peer_snapshot>::with<peer_snapshot>,
                         caf::replies_to<get_peer_group>::with<peer_group>,
                         caf::reacts_to<ping_now>,
                         // A request need not be answered any more.
                         caf::reacts_to<cancel_request>,
                         // INTERNAL: from its CONNECTION.
                         caf::reacts_to<request_finished>>;

/// What the node supplies to answer its peers; see messages/inbound.hpp. An error is
/// "nothing". It must answer each message; it may take its time only at the expense of
/// the peer that asked.
/// A service that keeps a response promise keeps itself alive by it: answer, or end it.
using inbound_service_actor =
  caf::typed_actor<caf::replies_to<serve_headers>::with<headers>,
                   caf::replies_to<serve_block_hashes>::with<block_hashes>,
                   caf::replies_to<serve_block>::with<wire::block>,
                   caf::replies_to<serve_transaction>::with<wire::tx>,
                   caf::replies_to<serve_mempool>::with<transaction_ids>,
                   caf::replies_to<serve_addresses>::with<addresses>,
                   caf::reacts_to<inventory_announced>, caf::reacts_to<headers_announced>,
                   caf::reacts_to<addresses_announced>,
                   caf::reacts_to<transaction_received>, caf::reacts_to<block_received>>;

/// HANDSHAKE -> whoever asked for the peer: the group runs. Whoever drops `client` ends
/// it.
struct peer_ready {
  peer_info info;
  client_actor client;
};

/// CONNECTOR or HANDSHAKE -> whoever asked: there will be no peer.
struct peer_failed {
  endpoint remote;
  peer_direction direction = peer_direction::outbound;
  peer_exit reason = peer_exit::internal_error;
  peer_id id = 0; ///< That the peer would have had.
  /// What BAN_MANAGER has to know. Not always what the reason alone would say.
  std::optional<peerage::misbehaviour> misbehaviour;
};

/// Where everybody tells what happens: the EVENT_LOG.
using event_sink = caf::typed_actor<caf::reacts_to<event>>;

/// Where results of dials and handshakes go: DIALER, LISTENER, or a test.
using peer_sink =
  caf::typed_actor<caf::reacts_to<peer_ready>, caf::reacts_to<peer_failed>>;

/// Anybody -> BAN_MANAGER: a peer has misbehaved. Whoever hears of it once per message
/// sends one report for many, so that a flood of messages is no flood of reports. A
/// report costs the same for one and for many: a burst of damaged messages is one slip,
/// and whoever goes on with them for a minute is banned.
struct report_misbehaviour {
  endpoint remote;
  misbehaviour cause = misbehaviour::malformed;
  std::uint64_t count = 1; ///< So often since the last report.
};

/// Who is told of misbehaviour: BAN_MANAGER.
using misbehaviour_sink = caf::typed_actor<caf::reacts_to<report_misbehaviour>>;

} // namespace peerage

PEERAGE_LOCAL_MESSAGE(peerage::request_finished)
PEERAGE_LOCAL_MESSAGE(peerage::ping_now)
PEERAGE_LOCAL_MESSAGE(peerage::peer_ready)
PEERAGE_LOCAL_MESSAGE(peerage::peer_failed)
PEERAGE_LOCAL_MESSAGE(peerage::report_misbehaviour)
