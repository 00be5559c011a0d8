// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/cancel_request.hpp"
#include "actors/base/local_message.hpp"
#include "actors/interfaces/answers.hpp"
#include "messages/misbehaviour.hpp"
#include "messages/requests.hpp"
#include "messages/snapshots.hpp"
#include "messages/type_ids.hpp"

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <optional>

/// One peer, as other actors see it: the requests that its CLIENT answers, and the result
/// of a dial or an accept.
namespace peerage {

/// The typed requests. A CLIENT answers them for one peer, the PEER_SET for all, so code
/// written for one works for the other. Each fails with a `request_error`.
using requests_actor = answers_each_actor<request>;

/// CONNECTION -> CLIENT: one of the requests handed on has ended.
struct request_finished {};

/// Anybody -> CLIENT -> CONNECTION: ping the remote, unless a ping is under way. The
/// answer shows in the peer's snapshot. Peers too old to answer are not pinged.
struct ping_now {};

/// Fronts one peer. Its last handle is the peer's life: drop it and the peer ends.
using client_actor = requests_actor::extend<
  // Status, by way of the PEER_SET. Fails only if the peer has ended.
  caf::replies_to<get_peer_snapshot>::with<peer_snapshot>,
  // Status: which actors the peer consists of, and how many messages wait for each.
  caf::replies_to<get_peer_group>::with<peer_group>,
  // PEER_SET, for the RPC `ping`.
  caf::reacts_to<ping_now>,
  // Callers of a request: the answer is no longer wanted.
  caf::reacts_to<cancel_request>,
  // INTERNAL: from its CONNECTION.
  caf::reacts_to<request_finished>>;

/// HANDSHAKE -> DIALER or LISTENER: the group runs. Dropping the last copy of `client`
/// ends it.
struct peer_ready {
  peer_info info;
  client_actor client;
};

/// CONNECTOR or HANDSHAKE -> DIALER or LISTENER: there will be no peer.
struct peer_failed {
  endpoint remote;
  peer_direction direction = peer_direction::outbound;
  peer_exit reason = peer_exit::internal_error;
  peer_id id = 0; ///< The id reserved for the peer.
  /// To be reported to BAN_MANAGER. Does not follow from `reason` alone.
  std::optional<peerage::misbehaviour> misbehaviour;
};

/// Where results of dials and handshakes go: DIALER, LISTENER, or a test. Each attempt
/// sends exactly one of the two.
using peer_sink =
  caf::typed_actor<caf::reacts_to<peer_ready>, caf::reacts_to<peer_failed>>;

} // namespace peerage

PEERAGE_LOCAL_MESSAGE(peerage::request_finished)
PEERAGE_LOCAL_MESSAGE(peerage::ping_now)
PEERAGE_LOCAL_MESSAGE(peerage::peer_ready)
PEERAGE_LOCAL_MESSAGE(peerage::peer_failed)
