// SPDX-License-Identifier: MIT
#include "actors/peer/peer.hpp"

#include "actors/peer/connector.hpp"
#include "actors/peer/handshake.hpp"

namespace peerage {

caf::actor dial(caf::actor_system& system, const node_context_ptr& context,
                const endpoint& to, const peer_sink& sink, peer_id id) {
  auto outcome = std::make_shared<peer_outcome>(caf::actor_cast<caf::actor_addr>(sink),
                                                to, peer_direction::outbound, id);
  return caf::actor_cast<caf::actor>(
    system.spawn(connector, context, to, std::move(outcome)));
}

caf::actor accept(caf::actor_system& system, const node_context_ptr& context,
                  transport_ptr connection, const peer_sink& sink, peer_id id) {
  auto outcome =
    std::make_shared<peer_outcome>(caf::actor_cast<caf::actor_addr>(sink),
                                   connection->remote(), peer_direction::inbound, id);
  return caf::actor_cast<caf::actor>(
    system.spawn(handshake, context, std::move(connection), std::move(outcome)));
}

} // namespace peerage
