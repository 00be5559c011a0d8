// SPDX-License-Identifier: MIT
#pragma once

#include "actors/admission/connection_caps.hpp"
#include "actors/bans/ban_list.hpp"
#include "actors/base/latest.hpp"
#include "actors/base/local_message.hpp"
#include "actors/base/pending_reply.hpp"
#include "actors/base/waiters.hpp"
#include "actors/interfaces/bans.hpp"
#include "actors/interfaces/broadcasts.hpp"
#include "actors/interfaces/inbound_service.hpp"
#include "actors/interfaces/peer.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "actors/peer/node_context.hpp"
#include "actors/peer_set/block_fetch.hpp"
#include "actors/peer_set/departures.hpp"
#include "actors/peer_set/failed_dials.hpp"
#include "actors/peer_set/held_requests.hpp"
#include "actors/peer_set/router.hpp"

#include <map>

namespace peerage {

using published_counts = latest<peer_set_snapshot>;

struct peer_set_options {
  std::vector<peer_observer_actor> observers;
  /// Takes announced inventory; null: it is only noted.
  inbound_service_actor node_service;
  /// A last check: two connections may pass the LISTENER and the DIALER at one moment.
  connection_limits caps;
  /// Gets the counts after every change, for readers that must not wait for the set.
  std::shared_ptr<published_counts> published;
  bool quiet = false; ///< Joins and leaves are logged as debug: one of many nodes.
  find_suspects_source ban_manager; ///< Knows the peers to evict first; may be null.
};

/// Things under way, each by a number that is never reused.
template <class T>
struct numbered : std::map<std::uint64_t, T> {
  std::uint64_t last = 0;

  std::uint64_t next_number() { return ++last; }
};

struct peer_set_state {
  peer_set_state() = default;

  struct member {
    peer_info info;
    client_actor client;
    bool counted = false; ///< In `caps`.
    bool manual = false;
    time_point joined_at;
    std::optional<time_point> asked_for_addresses;
  };

  /// A get_blocks or get_transactions under way.
  struct fetch {
    block_fetch plan;
    std::shared_ptr<pending_reply> caller;
    request_kind kind;
    std::vector<routed_request> fresh; ///< Started by the plan, not sent yet.
    bool cancelled = false;            ///< Its caller has lost interest.
  };

  /// A question to a client on behalf of a caller, who may lose interest.
  struct question {
    std::shared_ptr<pending_reply> caller;
    caf::actor_addr client;
    std::uint64_t response = 0;
  };

  /// A wait_for_peers, with its times.
  struct wait {
    wait_for_peers what;
    time_point began;
    time_point until;
  };

  node_context_ptr context;
  peer_set_options options;
  std::map<peer_id, member> members;
  departures departed;
  failed_dials dials;
  peer_set_snapshot counts; ///< Of the last change.
  waiters<wait, peers_waited_for> waiting;
  bool network_active = true;
  ban_list bans; ///< A copy; BAN_MANAGER owns it.
  std::map<caf::actor_addr, peer_id> by_client;
  router routes;
  connection_caps caps{connection_limits{}};
  numbered<std::shared_ptr<fetch>> fetches;
  held_requests held;             ///< Until there is a peer for them.
  numbered<question> questions;   ///< To clients, for callers that may cancel.
  std::size_t under_way = 0;      ///< Requests to clients that are not answered yet.
  std::uint64_t eviction_key = 0; ///< Secret; see choose_eviction.
  std::uint64_t inbound = 0;      ///< Of `members`.
  std::array<std::uint64_t, peer_exit_count + 1> exits{};
  bool stopping = false;
  static inline const char* name = "peer_set";
};

/// When told to exit, ends every peer with `shutting_down` and quits when all are gone
/// and all callers are answered.
peer_set_actor::behavior_type
peer_set(peer_set_actor::stateful_pointer<peer_set_state> self, node_context_ptr context,
         peer_set_options options);

} // namespace peerage
