// SPDX-License-Identifier: MIT
#pragma once

#include "actors/interfaces/peer_set.hpp"
#include "actors/peer_set/peer_set.hpp"

/// How the PEER_SET answers requests: one peer, several, or many. Parts of its behaviour.
namespace peerage::routing {

using self_pointer = peer_set_actor::stateful_pointer<peer_set_state>;

/// Answers a request: fetches of items are split over several peers, pushes go to a third
/// of the ready peers, all others to one peer, the lightest. Without a peer for it, the
/// request is held until there is one.
template <class Request>
caf::result<typename Request::reply> answer(self_pointer self, Request what);

/// A peer has room again: held requests that only lacked that can go.
void use_room(self_pointer self);

/// A peer has joined: fetches without another peer to ask, and held requests, can go on.
void use_newcomer(self_pointer self);

/// Ends the sender's wait or request.
void cancel(self_pointer self, const cancel_request& what);

/// The alarm of a fetch, or of a held request, rang.
void on_alarm(self_pointer self, std::uint64_t token);

} // namespace peerage::routing
