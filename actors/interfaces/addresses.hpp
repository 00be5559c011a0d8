// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/alarm_clock.hpp"
#include "actors/base/cancel_request.hpp"
#include "actors/base/local_message.hpp"
#include "actors/interfaces/broadcasts.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "actors/interfaces/storage.hpp"
#include "actors/transport/resolver.hpp"
#include "messages/known_address.hpp"
#include "messages/service.hpp"

#include <caf/timespan.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

/// What the ADDRESS_BOOK, the CRAWLER and the DNS_SEEDS are told and asked.
namespace peerage {

/// The ADDRESS_BOOK answers from memory. A caller goes on without its answer after this
/// long.
inline constexpr std::chrono::seconds address_book_timeout{5};

/// DIALER -> ADDRESS_BOOK: up to `count` different addresses to dial, each pending until
/// its `dial_ended`. For a `feeler`: addresses worth a test rather than those likely to
/// work.
struct get_candidates {
  std::size_t count = 1;
  bool feeler = false;
};
struct candidates {
  std::vector<endpoint> entries; ///< Possibly none.
};

/// DIALER -> ADDRESS_BOOK: what came of a candidate, or of any other dial.
struct dial_ended {
  enum class outcome : std::uint8_t {
    connected, ///< The handshake finished.
    failed,    ///< It did not, and the remote is to blame.
    released,  ///< The dial says nothing about the address.
    own,       ///< Our own address: forget it, and never take it in again.
  };
  endpoint remote;
  outcome result = outcome::released;
  std::uint64_t services = 0; ///< When connected.
};

/// DNS_SEEDS, status -> ADDRESS_BOOK: addresses from elsewhere. Answers how many were
/// new.
struct add_addresses {
  std::vector<wire::network_address> entries;
  std::optional<endpoint> source; ///< Empty for DNS seeds; see address_table::insert.
  bool tried = false; ///< As if a dial of ours had succeeded, as far as there is room.
  /// Answer only when the entries are on the disk; an error means that they are not
  /// (yet).
  bool keep = false;
};

/// ADDRESS_BOOK -> CRAWLER, DNS_SEEDS: the DIALER wanted addresses, and too few were
/// left. May be repeated as often as it is true.
struct crawl_wanted {};

/// An actor that looks for addresses on demand.
using crawl_wanted_sink = caf::typed_actor<caf::reacts_to<crawl_wanted>>;

/// PEER_MANAGER -> ADDRESS_BOOK: once, at the start. Until then the book tells nothing.
struct attach_address_users {
  tell_addresses_sink peers; ///< The PEER_SET.
  std::vector<address_observer_actor> observers;
  std::vector<crawl_wanted_sink> seekers;
};

/// Anybody -> ADDRESS_BOOK: its counts at one moment.
struct get_address_book_snapshot {};
struct address_book_snapshot {
  struct network_counts {
    std::string network; ///< "ipv4", "ipv6", "onion", "i2p", "cjdns".
    std::uint64_t in_new = 0;
    std::uint64_t in_tried = 0;
  };
  std::uint64_t total = 0;
  std::vector<network_counts> networks;
  std::uint64_t never_tried = 0, pending = 0, responded = 0, failed = 0;
  unix_seconds last_saved = 0; ///< 0: not yet, or nothing is saved.
  save_counts saves;
};

/// Anybody -> ADDRESS_BOOK: how many addresses each connected peer has told us.
struct get_gossip_counts {};
struct peer_gossip_counts {
  struct entry {
    peer_id peer = 0;
    std::uint64_t processed = 0;
    std::uint64_t rate_limited = 0; ///< Dropped, beyond the peer's allowance.
  };
  std::vector<entry> entries; ///< By peer.
};

/// Anybody -> ADDRESS_BOOK: random addresses, for people and programs of this machine.
struct get_known_addresses {
  std::size_t count = 0;       ///< 0: all.
  std::uint8_t network_id = 0; ///< 0: of all networks; else as in wire::address_network.
  bool presentable = false;    ///< Only what peers would be told: nothing stale.
};

/// Anybody -> ADDRESS_BOOK: all addresses with their places in the table.
struct get_address_places {};
struct address_places {
  struct entry {
    known_address what;
    std::size_t bucket = 0;
    std::size_t slot = 0;
  };
  std::vector<entry> in_new, in_tried; ///< By bucket and slot.
};

/// Anybody -> ADDRESS_BOOK: answers a `known_address_list` of one when the book knows
/// this address; of none after `timeout`, which may be zero.
struct wait_for_address {
  endpoint remote;
  caf::timespan timeout{};
};

/// Keeps the addresses of nodes.
using address_book_actor = peer_observer_actor::extend<
  // INBOUND_DISPATCHER: what a peer told unasked (no answer but "taken"), and asked for.
  caf::reacts_to<addresses_announced>, caf::replies_to<serve_addresses>::with<addresses>,
  // PEER_SET: what a peer answered to our getaddr.
  caf::reacts_to<addresses_answered>,
  // DNS_SEEDS, status: how many were new; fails if they were to be kept and are not.
  caf::replies_to<add_addresses>::with<std::uint64_t>,
  // DIALER: what to dial, possibly nothing; what came of it.
  caf::replies_to<get_candidates>::with<candidates>, caf::reacts_to<dial_ended>,
  // PEER_MANAGER, CRAWLER, DNS_SEEDS, status: the counts of one moment.
  caf::replies_to<get_address_book_snapshot>::with<address_book_snapshot>,
  // Status, for people and programs. Answered from memory.
  caf::replies_to<get_known_addresses>::with<known_address_list>,
  caf::replies_to<wait_for_address>::with<known_address_list>,
  caf::replies_to<get_address_places>::with<address_places>,
  caf::replies_to<get_gossip_counts>::with<peer_gossip_counts>,
  // Callers of wait_for_address: the answer is no longer wanted.
  caf::reacts_to<cancel_request>,
  // BAN_MANAGER: forget the addresses that bans cover. PEER_MANAGER, once.
  caf::reacts_to<bans_changed>, caf::reacts_to<attach_address_users>,
  // INTERNAL: time to save or to relay, or a waiter's time is over.
  caf::reacts_to<alarm>>;

// -- sources of addresses ---------------------------------------------------------------

/// PEER_MANAGER -> CRAWLER: the set to ask for addresses. Sent once; no crawl begins
/// before.
struct attach_crawl_target {
  gather_addresses_source peers;
};

/// Anybody -> CRAWLER: what it has done since the start.
struct get_crawler_counts {};
struct crawler_counts {
  std::uint64_t crawls = 0;   ///< Begun.
  std::uint64_t asked = 0;    ///< Peers.
  std::uint64_t answers = 0;  ///< Of peers.
  std::uint64_t failures = 0; ///< Crawls without an answer of the PEER_SET in time.
};

/// Asks peers for addresses.
using crawler_actor =
  peer_observer_actor::extend<caf::reacts_to<attach_crawl_target>,
                              // ADDRESS_BOOK.
                              caf::reacts_to<crawl_wanted>,
                              // Tests.
                              caf::replies_to<get_crawler_counts>::with<crawler_counts>,
                              // INTERNAL: time to look whether a crawl is due.
                              caf::reacts_to<alarm>>;

/// Anybody -> DNS_SEEDS: what it has done since the start.
struct get_dns_seeds_counts {};
struct dns_seeds_counts {
  std::uint64_t seeds = 0;    ///< Of this network; 0: none are asked.
  std::uint64_t rounds = 0;   ///< Each asks every seed whose last look-up has ended.
  std::uint64_t lookups = 0;  ///< Begun.
  std::uint64_t answers = 0;  ///< With addresses.
  std::uint64_t failures = 0; ///< Errors, and no answer in time.
  std::uint64_t refused = 0;  ///< Addresses that cannot be of the public network.
  std::uint64_t added = 0;    ///< Addresses that were new to the ADDRESS_BOOK.
};

/// Asks the DNS seeds of the network for addresses.
using dns_seeds_actor =
  crawl_wanted_sink::extend< // ADDRESS_BOOK: it has addresses again.
    caf::reacts_to<addresses_available>,
    // RESOLVER: the addresses of a seed, or that there are none.
    caf::reacts_to<resolved>,
    // Tests.
    caf::replies_to<get_dns_seeds_counts>::with<dns_seeds_counts>,
    // INTERNAL: a pause, or a round, is over.
    caf::reacts_to<alarm>>;

} // namespace peerage

PEERAGE_LOCAL_MESSAGE(peerage::get_candidates)
PEERAGE_LOCAL_MESSAGE(peerage::candidates)
PEERAGE_LOCAL_MESSAGE(peerage::dial_ended)
PEERAGE_LOCAL_MESSAGE(peerage::add_addresses)
PEERAGE_LOCAL_MESSAGE(peerage::crawl_wanted)
PEERAGE_LOCAL_MESSAGE(peerage::attach_address_users)
PEERAGE_LOCAL_MESSAGE(peerage::get_address_book_snapshot)
PEERAGE_LOCAL_MESSAGE(peerage::address_book_snapshot)
PEERAGE_LOCAL_MESSAGE(peerage::get_gossip_counts)
PEERAGE_LOCAL_MESSAGE(peerage::peer_gossip_counts)
PEERAGE_LOCAL_MESSAGE(peerage::get_known_addresses)
PEERAGE_LOCAL_MESSAGE(peerage::known_address_list)
PEERAGE_LOCAL_MESSAGE(peerage::wait_for_address)
PEERAGE_LOCAL_MESSAGE(peerage::get_address_places)
PEERAGE_LOCAL_MESSAGE(peerage::address_places)
PEERAGE_LOCAL_MESSAGE(peerage::attach_crawl_target)
PEERAGE_LOCAL_MESSAGE(peerage::get_crawler_counts)
PEERAGE_LOCAL_MESSAGE(peerage::crawler_counts)
PEERAGE_LOCAL_MESSAGE(peerage::get_dns_seeds_counts)
PEERAGE_LOCAL_MESSAGE(peerage::dns_seeds_counts)
