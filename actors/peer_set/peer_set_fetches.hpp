// SPDX-License-Identifier: MIT
#pragma once

#include "actors/interfaces/peer_set.hpp"
#include "actors/peer_set/peer_set.hpp"

#include <cstdint>
#include <memory>
#include <vector>

/// How the PEER_SET fetches blocks and transactions: split over several peers, as a
/// `block_fetch` plans it. Parts of its behaviour.
namespace peerage::routing {

using self_pointer = peer_set_actor::stateful_pointer<peer_set_state>;

void start_fetch(self_pointer self, const std::vector<transaction_id>& ids,
                 request_kind kind, time_point deadline,
                 const std::shared_ptr<pending_reply>& caller);

/// Notes the items that the peer has, and asks it for the wanted ones. Of long lists only
/// the first entries: a whole mempool is no news, and would push other peers' news out.
void note_inventory(self_pointer self, const inventory_announced& what);

/// A peer has joined: fetches without another peer to ask can go on.
void use_newcomer_for_fetches(self_pointer self);

/// The alarm of a fetch rang.
void on_fetch_alarm(self_pointer self, std::uint64_t number);

} // namespace peerage::routing
