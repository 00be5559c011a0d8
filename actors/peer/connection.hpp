// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/local_message.hpp"
#include "actors/base/pending_reply.hpp"
#include "actors/interfaces/peer.hpp"
#include "actors/peer/heartbeat.hpp"
#include "actors/peer/node_context.hpp"
#include "actors/peer/protocol.hpp"
#include "actors/peer/service_question.hpp"
#include "actors/transport/transport.hpp"

#include <memory>
#include <optional>
#include <unordered_map>

namespace peerage {

/// HANDSHAKE -> CONNECTION: the client whose life is yours. Sent once, first of all.
struct attach_client {
  caf::actor_addr client;
};

/// CONNECTION -> itself: its client had ended before it could be monitored. Comes behind
/// the requests that the client had passed on, which are to be answered like any others.
struct client_ended {
  peer_exit reason = peer_exit::internal_error;
};

using connection_actor =
  requests_actor::extend<caf::replies_to<get_peer_snapshot>::with<peer_snapshot>,
                         // From the CLIENT, with what it knows itself.
                         caf::replies_to<peer_group>::with<peer_group>,
                         // From callers, passed on by the CLIENT: the answer is no longer
                         // wanted.
                         caf::reacts_to<cancel_request>,
                         // From the HANDSHAKE, once.
                         caf::reacts_to<attach_client>,
                         // INTERNAL: the CLIENT is gone.
                         caf::reacts_to<client_ended>,
                         // From the transport.
                         caf::reacts_to<frame_batch>, caf::reacts_to<transport_closed>,
                         caf::reacts_to<transport_drained>,
                         // From the HEARTBEAT.
                         caf::reacts_to<send_heartbeat>, caf::reacts_to<look_at_progress>,
                         // From the CLIENT.
                         caf::reacts_to<ping_now>,
                         // A deadline of the protocol, or of the inbound service, is due.
                         caf::reacts_to<alarm>>;

/// The least time between two reports to BAN_MANAGER about damaged messages of a peer.
inline constexpr std::chrono::seconds report_interval{1};

struct connection_state {
  connection_state() = default;

  node_context_ptr context;
  transport_ptr transport;
  std::unique_ptr<peerage::protocol> protocol;
  heartbeat_actor heartbeat;
  caf::actor_addr client; ///< Weak: it holds us, not we it.

  std::unordered_map<request_id, pending_reply> callers;
  request_id last_request = 0;

  std::size_t owed = 0;   ///< Batches taken for which no new credit was given yet.
  bool congested = false; ///< The remote does not read; `transport_drained` will come.
  bool paused = false;    ///< We do not read because our own node is behind.

  service_question question;          ///< To the inbound service.
  std::optional<time_point> alarm_at; ///< When `alarm` is due.
  own_alarm alarm;
  std::optional<time_point> reported_at; ///< The last time that BAN_MANAGER was told.

  double opened = 0; ///< Unix seconds by the wall clock of that moment.
  static inline const char* name = "connection";
};

/// One peer's connection: a thin actor around the plain `protocol`. It owns the
/// transport, is linked with its HEARTBEAT, and monitors its CLIENT. When any of these
/// ends, it answers every open request, closes the transport and quits with that first
/// reason (I2, I3).
///
/// Unreadable messages are reported to BAN_MANAGER, at most once per `report_interval`.
///
/// Flow: it gives the transport credit for the next batch only while the remote reads
/// what we send, and the node keeps up with what the remote asks (I12).
connection_actor::behavior_type
connection(connection_actor::stateful_pointer<connection_state> self,
           node_context_ptr context, transport_ptr transport, const peer_info& info,
           traffic_so_far traffic, double opened);

} // namespace peerage

PEERAGE_LOCAL_MESSAGE(peerage::attach_client)
PEERAGE_LOCAL_MESSAGE(peerage::client_ended)
