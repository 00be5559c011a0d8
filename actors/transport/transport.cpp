// SPDX-License-Identifier: MIT
#include "actors/transport/transport.hpp"

#include "actors/transport/weak_send.hpp"
#include "messages/checks/mutant.hpp"

namespace peerage {

std::shared_ptr<void> socket_provider::connect(const endpoint& to, std::uint32_t magic,
                                               const caf::strong_actor_ptr& sink) {
  if (is_within(reach_, to) || is_on(mutant::reach_unchecked_at_connect))
    return open_connection(to, magic, sink);
  deliver(caf::actor_cast<caf::weak_actor_ptr>(sink),
          connect_failed{peer_exit::out_of_reach});
  return nullptr;
}

acceptor_ptr socket_provider::adopt(int, std::uint32_t, std::string& error) {
  error = "these sockets are not of the system";
  return nullptr;
}

} // namespace peerage
