#pragma once

#include "actors/peer/peer.hpp"
#include "actors/peer_set/peer_set.hpp"

#include <caf/actor_system_config.hpp>

#include <optional>
#include <string>
#include <vector>

namespace peerage {

/// What a peer manager is to do. Sockets are opened by whoever starts it, so that a port
/// in use is found out before any actor runs.
struct peer_manager_options {
  std::vector<acceptor_ptr> acceptors;
  std::vector<endpoint> pinned; ///< Dialed, and dialed again, for ever.
  std::size_t max_outbound = 25;
  std::size_t max_inbound = 125;
  /// Inbound peers of one address, handshakes included. Loopback is exempt on regtest.
  std::size_t max_per_ip = 1;
  /// Logs single peers as debug: for one of many nodes in a process.
  bool quiet = false;
};

using peer_manager_actor =
  caf::typed_actor<caf::replies_to<get_node_snapshot>::with<node_snapshot>,
                   // Every peer; those that do not answer in time are left out.
                   caf::replies_to<get_peer_snapshots>::with<peer_snapshots>,
                   // A handle to route requests with; it dies with the manager.
                   caf::replies_to<caf::get_atom>::with<peer_set_actor>,
                   // INTERNAL: the stop took too long.
                   caf::reacts_to<alarm>>;

/// The root supervisor: starts LISTENERs, DIALER and PEER_SET, monitors all of them, and
/// ends everything in order (accepting and dialing first, then the peers, then what they
/// share) when it is told to exit or when one of them crashes. It quits when all of them
/// are gone, at the latest `stop_deadline` later, by force if it must. Dropping its last
/// handle ends everything, too, but at once and in no order.
struct peer_manager_state;
peer_manager_actor::behavior_type
peer_manager(peer_manager_actor::stateful_pointer<peer_manager_state> self,
             peer_context_ptr context, peer_manager_options options);

/// Starts a PEER_MANAGER. `context` gets its alarm clock here if it has none.
peer_manager_actor start_peer_manager(caf::actor_system& system, peer_context_ptr context,
                                      peer_manager_options options);

/// An ordered stop takes at most this long; the process promises 5 s.
inline constexpr std::chrono::seconds stop_deadline{4};

/// Registers the message types and sets a scheduler that fits the machine. Base of every
/// actor system that runs peers.
class node_system_config : public caf::actor_system_config {
public:
  node_system_config();
};

} // namespace peerage
