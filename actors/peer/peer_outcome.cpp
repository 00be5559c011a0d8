// SPDX-License-Identifier: MIT
#include "actors/peer/peer_outcome.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

namespace peerage {

peer_outcome::peer_outcome(caf::actor_addr sink, const endpoint& remote,
                           peer_direction direction, peer_id id)
    : sink_(std::move(sink)), remote_(remote), direction_(direction), id_(id) {}

peer_outcome::~peer_outcome() {
  fail(peer_exit::internal_error);
}

void peer_outcome::ready(peer_ready result) {
  if (std::exchange(given_, true))
    return;
  if (auto sink = caf::actor_cast<peer_sink>(sink_))
    caf::anon_send(sink, std::move(result));
}

void peer_outcome::fail(peer_exit reason,
                        std::optional<peerage::misbehaviour> misbehaviour) {
  if (std::exchange(given_, true))
    return;
  if (auto sink = caf::actor_cast<peer_sink>(sink_))
    caf::anon_send(sink, peer_failed{remote_, direction_, reason, id_, misbehaviour});
}

} // namespace peerage
