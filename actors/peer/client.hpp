// SPDX-License-Identifier: MIT
#pragma once

#include "actors/interfaces/peer.hpp"
#include "actors/peer/connection.hpp"

namespace peerage {

struct client_state {
  client_state() = default;

  connection_actor connection;
  std::size_t under_way = 0; ///< Requests that the CONNECTION has not ended yet.
  static inline const char* name = "client";
};

/// Requests that a client passes on before it answers `overloaded` by itself: as many as
/// the connection can have on the wire and in its queue.
inline constexpr std::size_t max_client_requests =
  max_keyed_in_flight + max_requests_queued + 4;

/// Fronts one peer, and is its life: with the last handle to it, it ends as
/// `unreachable`, and the CONNECTION that monitors it ends the rest (invariant I1). Only
/// its handles may hold it, so it has no timers, no promises, and sends no requests of
/// its own: it delegates, and the CONNECTION answers the caller.
client_actor::behavior_type client(client_actor::stateful_pointer<client_state> self,
                                   const connection_actor& connection);

} // namespace peerage
