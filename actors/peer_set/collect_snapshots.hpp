// SPDX-License-Identifier: MIT
#pragma once

#include "actors/interfaces/peer_set.hpp"
#include "actors/peer_set/peer_set.hpp"

#include <functional>

/// How the PEER_SET collects its peers' snapshots. A part of its behaviour.
namespace peerage {

/// Questions that one collection has out at a time: the other work of the set and of its
/// peers goes on in between, whatever the number of peers.
inline constexpr std::size_t collect_places = 32;
/// A peer that has not answered by then leaves its place to the next. It is waited for
/// all the same, until `collect_patience` is over.
inline constexpr std::chrono::milliseconds collect_place_time{100};
inline constexpr std::chrono::seconds collect_patience{1};
/// New questions stop after this long, so that the whole collection ends within callers'
/// 2 s timeout (status_limits).
inline constexpr std::chrono::milliseconds collect_asking_time{900};

/// Selects the peers to ask.
using collect_filter = std::function<bool(const peer_set_state::member&)>;
/// Takes the snapshots, by id. Peers that were silent, or have left, are left out.
using collect_done = std::function<void(peer_snapshots&&)>;

/// Asks the peers that are here now; calls `done` once, unless the set ends first.
void collect_peer_snapshots(peer_set_actor::stateful_pointer<peer_set_state> self,
                            collect_filter include, collect_done done);

} // namespace peerage
