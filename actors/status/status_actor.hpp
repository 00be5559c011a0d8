#pragma once

#include "actors/discovery/interfaces.hpp"
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
                   caf::replies_to<get_peer_snapshots>::with<peer_snapshots>,
                   caf::replies_to<get_known_addresses>::with<known_address_list>,
                   caf::replies_to<get_bans>::with<bans>>;

/// HTTP thread -> STATUS: ask the node, and call `done` with what it said, or did not say
/// in time. At most one of these per HTTP connection is under way, so the mailbox is
/// bounded by their limit.
template <class Question, class Answer>
struct status_query {
  using answer = Answer;
  Question what;
  std::function<void(caf::expected<Answer>)> done;
};
using query_node = status_query<get_node_snapshot, node_snapshot>;
using query_peers = status_query<get_peer_snapshots, peer_snapshots>;
using query_addresses = status_query<get_known_addresses, known_address_list>;
using query_bans = status_query<get_bans, bans>;

using status_actor =
  caf::typed_actor<caf::reacts_to<query_node>, caf::reacts_to<query_peers>,
                   caf::reacts_to<query_addresses>, caf::reacts_to<query_bans>>;

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
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(peerage::query_addresses)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(peerage::query_bans)
