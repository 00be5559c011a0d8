// SPDX-License-Identifier: MIT
#pragma once

#include "actors/interfaces/peer.hpp"
#include "actors/peer/client.hpp"
#include "actors/peer/connection.hpp"

#include <caf/all.hpp>

#include <utility>

/// The actors behind a client, found through its state, and how to end one: what only
/// tests may do. With real threads only while the peer has nothing to do.
namespace peerage::test {

inline connection_actor connection_of(const client_actor& client) {
  auto* self = caf::actor_cast<caf::abstract_actor*>(client);
  return dynamic_cast<client_actor::stateful_base<client_state>&>(*self).state.connection;
}

inline heartbeat_actor heartbeat_of(const client_actor& client) {
  auto group = connection_of(client);
  auto* self = caf::actor_cast<caf::abstract_actor*>(group);
  return dynamic_cast<connection_actor::stateful_base<connection_state>&>(*self)
    .state.heartbeat;
}

/// Sends an actor the end, with any reason.
template <class Handle>
void end_actor(const Handle& whom, caf::error why) {
  caf::anon_send(caf::actor_cast<caf::actor>(whom),
                 caf::exit_msg{caf::actor_addr{}, std::move(why)});
}

} // namespace peerage::test
