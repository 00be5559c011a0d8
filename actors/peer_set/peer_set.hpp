#pragma once

#include "actors/interfaces.hpp"

#include <map>

namespace peerage {

/// PEER_SET holds every client, and with it every peer's life. It learns of ends by
/// monitoring, without sending a request (invariant I2), and is the one place where peers
/// are counted (I5, I14).
using peer_set_actor = caf::typed_actor<
  // A peer for the set. Answers when it is in; fails if the set stops.
  caf::reacts_to<peer_ready>,
  caf::replies_to<get_peer_set_snapshot>::with<peer_set_snapshot>,
  // Asks each peer; those that do not answer within a second are left out.
  caf::replies_to<get_peer_snapshots>::with<peer_snapshots>,
  // The client of a peer; fails with `peer_gone` if there is none with that id.
  caf::replies_to<caf::get_atom, peer_id>::with<client_actor>>;

/// PEER_SET -> whoever asked to be told: how peers come and go.
struct peer_joined {
  peer_info info;
};
struct peer_left {
  peer_info info;
  peer_exit reason = peer_exit::internal_error;
};

/// Who is told of peers that come and go: the DIALER, the LISTENERs.
using peer_observer_actor =
  caf::typed_actor<caf::reacts_to<peer_joined>, caf::reacts_to<peer_left>>;

struct peer_set_state {
  peer_set_state() = default;

  struct member {
    peer_info info;
    client_actor client;
  };

  std::map<peer_id, member> members;
  std::map<caf::actor_addr, peer_id> by_client;
  std::vector<peer_observer_actor> observers;
  std::array<std::uint64_t, peer_exit_count + 1> exits{};
  bool quiet = false;
  bool stopping = false;
  static inline const char* name = "peer_set";
};

/// When told to exit, ends every peer with `shutting_down` and quits when all are gone.
/// @param quiet Joins and leaves are logged as debug: one of many nodes in a process.
peer_set_actor::behavior_type
peer_set(peer_set_actor::stateful_pointer<peer_set_state> self,
         std::vector<peer_observer_actor> observers, bool quiet);

} // namespace peerage

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(peerage::peer_joined)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(peerage::peer_left)
