#pragma once

#include "actors/peer/peer.hpp"
#include "actors/peer_set/peer_set.hpp"

#include <unordered_map>
#include <vector>

namespace peerage {

/// What the LISTENER and the DIALER tell the PEER_MANAGER for a snapshot.
struct get_discovery_counts {};
struct discovery_counts {
  std::size_t in_flight = 0; ///< Handshakes, or dials with their handshakes.
  std::array<std::uint64_t, peer_exit_count + 1> failures{}; ///< By reason.
};

/// PEER_MANAGER -> LISTENER and DIALER: where new peers go. Sent once; nothing is
/// accepted or dialed before.
struct attach_peer_set {
  peer_set_actor peers;
};

using listener_actor =
  peer_sink_actor::extend<caf::reacts_to<attach_peer_set>, caf::reacts_to<accepted>,
                          caf::reacts_to<peer_joined>, caf::reacts_to<peer_left>,
                          caf::replies_to<get_discovery_counts>::with<discovery_counts>>;

struct inbound_limits {
  std::size_t total = 125;
  std::size_t per_ip = 1; ///< Loopback is exempt on regtest.
};

struct listener_state {
  listener_state() = default;

  peer_context_ptr context;
  std::vector<acceptor_ptr> acceptors;
  inbound_limits limits;
  peer_set_actor peers;
  /// Slots taken by address, from accept until the peer is gone.
  std::unordered_map<endpoint, std::size_t> slots;
  std::size_t slots_taken = 0;
  discovery_counts counts;
  static inline const char* name = "listener";
};

/// Accepts on all bound addresses. One actor for all of them, because the inbound slots
/// need one owner (invariant I14): a slot is checked and reserved in one step, before any
/// work is done for the remote, and freed when its handshake fails or its peer is gone.
listener_actor::behavior_type
listener(listener_actor::stateful_pointer<listener_state> self, peer_context_ptr context,
         std::vector<acceptor_ptr> acceptors, const inbound_limits& limits);

} // namespace peerage

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(peerage::get_discovery_counts)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(peerage::discovery_counts)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(peerage::attach_peer_set)
