// SPDX-License-Identifier: MIT
#pragma once

#include "actors/admission/accept_rate.hpp"
#include "actors/admission/connection_caps.hpp"
#include "actors/admission/handshake_places.hpp"
#include "actors/bans/ban_list.hpp"
#include "actors/base/local_message.hpp"
#include "actors/interfaces/admission.hpp"
#include "actors/interfaces/attempts.hpp"
#include "actors/interfaces/bans.hpp"
#include "actors/interfaces/peer.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "actors/peer/peer.hpp"

#include <array>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace peerage {

/// On regtest, only `total` counts for loopback.
struct inbound_limits {
  /// Peers. Handshakes under way may take all slots that are free, and then
  /// `handshake_places::reserve` more; 0: none is let in.
  std::size_t total = 125;
  std::size_t per_ip = 1;     ///< Handshakes included, here and below.
  std::size_t per_subnet = 2; ///< In one /24 of IPv4 or /64 of IPv6.
};

/// How long a newcomer that has shaken hands waits for the slot of an evicted peer.
inline constexpr std::chrono::seconds eviction_deadline{2};

/// While descriptors are short, one peer is evicted in this time: its descriptor is free
/// only when all of its actors are gone.
inline constexpr std::chrono::seconds descriptor_pause{1};

struct listener_state {
  listener_state() = default;

  /// A connection from its accept until its peer is handed to the set.
  struct newcomer {
    endpoint remote;
    caf::actor attempt;
    std::weak_ptr<transport> connection; ///< The attempt's.
    std::optional<peer_ready> ready;     ///< Has shaken hands, and waits for a slot.
  };

  node_context_ptr context;
  std::vector<acceptor_ptr> acceptors;
  misbehaviour_sink ban_manager;
  inbound_peers_sink peers;

  accept_rate rate;
  ban_list bans; ///< A copy; BAN_MANAGER owns it.
  /// Inbound connections, from the accept until the peer is gone.
  connection_caps inbound{connection_limits{}};
  std::size_t slots = 0;               ///< For peers; inbound_limits::total.
  std::unordered_set<peer_id> members; ///< Have a slot: handed to the set, and not gone.
  std::map<peer_id, newcomer> newcomers;
  handshake_places handshakes; ///< The newcomers that are not ready.
  std::deque<peer_id> waiting; ///< The ready newcomers; the first one gets the next slot.
  bool evicting = false;       ///< The set has been asked for a slot.
  /// Established outbound peers: they take no slots, but their addresses and
  /// subnets are the same ones.
  connection_caps outbound{connection_limits{}};
  std::unordered_map<peer_id, endpoint> outbound_peers; ///< Those in `outbound`.

  bool network_active = true;
  attempt_counts counts;
  std::array<std::optional<time_point>, peer_exit_count + 1> logged_at{}; ///< By reason.
  std::optional<time_point> out_of_descriptors_at;
  std::optional<time_point> out_of_descriptors_logged_at;
  static inline const char* name = "listener";
};

/// Accepts on all bound addresses. One actor for all of them, because the inbound slots
/// need one owner (invariant I14). Before any work is done for a remote, in one step: it
/// is not banned, it does not come too fast, its address and subnet are not full
/// (I13), and there is a place for its handshake; if need be, that of another handshake
/// (`handshake_places`). No peer makes room for a remote that has not shaken hands.
///
/// A remote that has gets a slot; if all are taken, the PEER_SET is asked to end the
/// least valuable peer, and the newcomer waits for that. Bans, an inactive network and an
/// exit end handshakes under way at once. Failed handshakes are reported to BAN_MANAGER.
/// @param ban_manager May be null.
listener_actor::behavior_type
listener(listener_actor::stateful_pointer<listener_state> self, node_context_ptr context,
         std::vector<acceptor_ptr> acceptors, const inbound_limits& limits,
         misbehaviour_sink ban_manager);

} // namespace peerage
