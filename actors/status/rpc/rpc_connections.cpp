// SPDX-License-Identifier: MIT
#include "actors/status/rpc/rpc_connections.hpp"

#include "actors/base/gathering.hpp"
#include "actors/interfaces/admission.hpp"
#include "actors/interfaces/dialing.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "actors/status/rpc/rpc_answer.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <memory>
#include <set>

namespace peerage {

namespace {

/// 0 if there is no connection, or they are on several links.
std::uint32_t link_of(const endpoint& named, const peer_snapshots& peers,
                      const peer_snapshots& handshakes) {
  std::set<std::uint32_t> found;
  for (const auto* all : {&peers, &handshakes})
    for (const auto& x : all->entries)
      if (x.info.remote.ip == named.ip &&
          (named.port == 0 || x.info.remote.port == named.port))
        found.insert(x.info.remote.zone);
  return found.size() == 1 ? *found.begin() : 0;
}

} // namespace

void ask_handshakes(status_pointer self,
                    const std::function<void(peer_snapshots)>& then) {
  auto all = std::make_shared<gathering<peer_snapshots>>(then);
  const auto add = [](peer_snapshots& to, peer_snapshots& found) {
    std::ranges::move(found.entries, std::back_inserter(to.entries));
  };
  const auto deadline = status_limits::source_deadline;
  const auto& parts = self->state.parts;
  all->ask<peer_snapshots>(self, parts.listener, deadline, get_peer_snapshots{}, add);
  all->ask<peer_snapshots>(self, parts.dialer, deadline, get_peer_snapshots{}, add);
  all->close();
}

void with_address_of(status_pointer self, const host_name& name, const rpc_done& done,
                     const std::function<void(const endpoint&)>& then) {
  ask<name_obstacles>(
    self, self->state.parts.dialer, status_limits::lookup_deadline, explain_name{name},
    [name, done, then](caf::expected<name_obstacles> found) {
      if (!found)
        return done(rpc_error_of(found.error()));
      if (found->remote)
        return then(*found->remote);
      const auto& why = found->dial.entries;
      done(rpc_error{rpc_code::misc,
                     "Error: " + to_string(name) +
                       " has no address now: " + (why.empty() ? "" : why.front().detail),
                     {}});
    });
}

void with_zone(status_pointer self, const endpoint& named,
               const std::function<void(const endpoint&)>& then) {
  if (!named.is_link_local() || named.zone != 0)
    return then(named);
  ask_handshakes(self, [self, named, then](const peer_snapshots& handshakes) {
    ask<peer_snapshots>(self, self->state.parts.peers, get_peer_snapshots{},
                        [named, then, handshakes](caf::expected<peer_snapshots> peers) {
                          auto found = named;
                          if (peers)
                            found.zone = link_of(named, *peers, handshakes);
                          then(found);
                        });
  });
}

} // namespace peerage
