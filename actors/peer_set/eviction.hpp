// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/alarm_clock.hpp"
#include "actors/base/random_source.hpp"
#include "messages/lifecycle.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace peerage {

/// A peer's merits when all inbound slots are taken.
struct eviction_candidate {
  peer_id id = 0;
  endpoint remote;
  peer_direction direction = peer_direction::inbound;
  bool manual = false; ///< Trusted by the operator (--connect, --add-peer).
  time_point connected_at;
  std::optional<caf::timespan> lowest_ping;   ///< Empty before the first pong.
  std::optional<time_point> last_block;       ///< Asked for, or of use to the node.
  std::optional<time_point> last_transaction; ///< Likewise.
  bool relays_transactions = true;            ///< The relay byte of its version.
  bool full_node = false;                     ///< Serves blocks, witnesses included.
  bool prefer_evict = false;                  ///< Of bad reputation.
};

/// The least valuable inbound peer, or empty if all are worth keeping. Follows Bitcoin
/// Core's SelectNodeToEvict (src/node/eviction.cpp): an attacker who opens many
/// connections to push honest peers out must beat them at things that are hard to fake.
/// Protected are, in turn and out of those that are left,
///
/// 1. outbound and manual peers,
/// 2. 4 by a keyed hash of their address group (/16 or /32): a secret choice of groups,
/// 3. the 8 with the lowest ping, which takes being near,
/// 4. the 4 that last sent a transaction new to us, which takes useful work,
/// 5. the 8 full nodes without transaction relay that last sent a block new to us,
/// 6. the 4 that last sent a block new to us,
/// 7. half of the rest: the longest connected, which an attack that begins now cannot be.
///    Of that half, up to half is kept for hidden and mesh networks (loopback, which is
///    where Tor and I2P connections come in, and CJDNS), which lose at ping times. Core
///    divides that share by network once more; we do not.
///
/// Of what remains, only peers marked `prefer_evict` are looked at if there are any. The
/// address group with the most of them loses its youngest member; of groups of equal
/// size, the one with the youngest.
///
/// Where peers are equal the longer connected is protected first, as in Core, so up to 20
/// candidates (28 with block-relay peers among them) always stay.
///
/// @param key Secret of this process; the same for every call, else the protection of
///            point 2 would wander from group to group and so protect none.
std::optional<peer_id> choose_eviction(const std::vector<eviction_candidate>& candidates,
                                       std::uint64_t key);

} // namespace peerage
