// SPDX-License-Identifier: MIT
#pragma once

#include "actors/addresses/address_gossip.hpp"
#include "actors/addresses/address_table.hpp"
#include "actors/addresses/getaddr_cache.hpp"
#include "actors/bans/ban_list.hpp"
#include "actors/base/waiters.hpp"
#include "actors/interfaces/addresses.hpp"
#include "actors/interfaces/bans.hpp"
#include "actors/interfaces/storage.hpp"
#include "actors/peer/node_context.hpp"
#include "actors/storage/state_saver.hpp"
#include "messages/dial_reach.hpp"
#include "messages/known_address.hpp"

#include <caf/stateful_actor.hpp>

#include <deque>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

namespace peerage {

/// Entries beyond its allowance for which a peer is reported once: ten full messages.
/// Honest peers in a busy network exceed their allowance, too, but not by this much.
inline constexpr std::uint64_t reported_excess = 10'000;

/// A lasting connection counts as another success this often; see
/// address_table::connected.
inline constexpr std::chrono::hours connected_interval{1};

struct address_book_options {
  /// Where "addresses.json" is; empty: nothing is loaded, nothing saved.
  std::filesystem::path directory;
  saver_actor saver; ///< null: as if there were no directory.
  /// Stores private and loopback addresses, too: for networks inside one machine.
  bool allow_unroutable = false;
  std::vector<endpoint> own;     ///< Where we listen: never stored, never dialed.
  misbehaviour_sink ban_manager; ///< Gets reports of floods; may be null.
  caf::timespan save_every = save_interval;
  /// An address whose dial failed is offered again after this, the DIALER's first pause:
  /// it would not be dialed earlier.
  std::chrono::seconds failed_pause{119};
  /// No address beyond is stored, relayed, given out, or served.
  dial_reach reach = dial_reach::everywhere;
};

struct address_book_state {
  address_book_state() = default;

  /// What the book knows of a peer.
  struct known_peer {
    endpoint remote;
    endpoint local;
    peer_direction direction;
    std::uint64_t services = 0;
    std::uint64_t excess = 0; ///< Entries beyond its allowance, not reported yet.
  };

  node_context_ptr context;
  address_book_options options;
  attach_address_users users;

  // Made when the actor starts, never empty later.
  std::optional<address_table> table;
  std::optional<address_gossip> gossip;
  std::optional<getaddr_cache> samples;
  ban_list bans; ///< A copy; BAN_MANAGER owns it.
  std::unordered_map<peer_id, known_peer> peers;

  /// News of peers that have not joined yet: a peer may tell its own address right behind
  /// its verack, and the PEER_SET's word of it takes another way to us. Oldest first.
  std::deque<addresses_announced> early;

  bool somebody_waits = false; ///< The last get_candidates found too few.
  /// Proof that we are online: connected outbound peers, and the time of the last
  /// success.
  std::set<peer_id> reached;
  std::optional<time_point> last_reached;

  waiters<wait_for_address, known_address_list> waiting;
  /// Added addresses that could not be put on the disk: adding them again tries again.
  std::set<address_key> unsaved;
  state_saver file;
  std::uint64_t saves = 0;     ///< Saves of `file` that `last_saved` includes.
  unix_seconds save_began = 0; ///< When the last save began.
  unix_seconds last_saved = 0;
  static inline const char* name = "address_book";
};

/// Keeps the addresses of nodes: takes in what peers, seeds and people tell, relays news,
/// answers getaddr, gives out candidates to dial, and remembers all over restarts.
///
/// - Addresses that peers tell go through `address_gossip`, and are stored 2 hours older
///   than told, unless a peer tells its own address (as in Bitcoin Core's ProcessAddrs).
///   Inbound peers' own remote addresses are ephemeral and never stored.
/// - A failed dial counts against an address only while we are online: an outbound peer
///   is connected, or a dial succeeded in the last 10 minutes, to where the public
///   network is. (Bitcoin Core asks for outbound peers of two address groups, and so
///   counts nothing in small networks.)
/// - Banned and own addresses, and those out of reach, are neither stored, relayed, given
///   out, nor served.
/// - When get_candidates finds too few, `crawl_wanted` goes to the seekers, and
///   `addresses_available` to the observers as soon as an address comes in.
/// - A peer that tells far more than its allowance is reported as `address_flood`, once
///   per `reported_excess`.
/// - The address of a lasting connection is noted as reached every `connected_interval`.
/// - Changed state is saved every `save_every`, and a last time at exit.
///
/// Ends when told to exit, once the last save is answered; with its error if it failed.
address_book_actor::behavior_type
address_book(address_book_actor::stateful_pointer<address_book_state> self,
             node_context_ptr context, address_book_options options);

} // namespace peerage
