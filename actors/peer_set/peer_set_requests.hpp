// SPDX-License-Identifier: MIT
#pragma once

#include "actors/interfaces/peer_set.hpp"
#include "actors/peer_set/peer_set.hpp"

/// How the PEER_SET answers requests: one peer, several, or many. Parts of its behaviour.
namespace peerage::routing {

using self_pointer = peer_set_actor::stateful_pointer<peer_set_state>;

/// A request to one peer, whichever is the lightest.
template <class Request>
caf::result<typename Request::reply> to_one(self_pointer self, Request what);

/// Blocks or transactions, split over several peers.
caf::result<blocks> fetch(self_pointer self, get_blocks&& what);
caf::result<transactions> fetch(self_pointer self, get_transactions&& what);

/// A push to a third of the ready peers.
template <class Request>
caf::result<void> to_some(self_pointer self, const Request& what);

void to_all(self_pointer self, const announce_block& what);

caf::result<gathered_addresses> gather(self_pointer self, const gather_addresses& what);

void tell(self_pointer self, tell_addresses&& what);

/// Notes the items that the peer has, and asks it for the wanted ones. Of long lists only
/// the first entries: a whole mempool is no news, and would push other peers' news out.
void note_inventory(self_pointer self, const inventory_announced& what);

/// A peer has joined: fetches without another peer to ask can go on.
void use_newcomer(self_pointer self);

/// Ends the sender's wait or request.
void cancel(self_pointer self, const cancel_request& what);

/// A fetch's alarm rang.
void on_alarm(self_pointer self, std::uint64_t fetch);

} // namespace peerage::routing
