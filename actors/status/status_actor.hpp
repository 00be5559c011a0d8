#pragma once

#include "messages/snapshots.hpp"
#include "messages/type_ids.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/expected.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>

namespace peerage {

/// Where status comes from: the part of the peer manager that it may use.
using status_source_actor =
  caf::typed_actor<caf::replies_to<get_node_snapshot>::with<node_snapshot>,
                   caf::replies_to<get_peer_snapshots>::with<peer_snapshots>>;

/// HTTP thread -> STATUS: ask the node, and call `done` with what it said, or did not say
/// in time. At most one of these per HTTP connection is under way, so the mailbox is
/// bounded by their limit.
struct query_node {
  std::function<void(caf::expected<node_snapshot>)> done;
};
struct query_peers {
  std::function<void(caf::expected<peer_snapshots>)> done;
};

using status_actor =
  caf::typed_actor<caf::reacts_to<query_node>, caf::reacts_to<query_peers>>;

struct status_state {
  status_state() = default;
  status_source_actor source;
  static inline const char* name = "status";
};

/// Stands between the HTTP thread and the actors. Ends when told to exit.
status_actor::behavior_type status(status_actor::stateful_pointer<status_state> self,
                                   const status_source_actor& source);

} // namespace peerage

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(peerage::query_node)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(peerage::query_peers)
