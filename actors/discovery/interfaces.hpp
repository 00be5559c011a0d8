#pragma once

#include "actors/bans/ban_list.hpp"
#include "actors/base/cancel_request.hpp"
#include "actors/base/local_message.hpp"
#include "actors/base/waiters.hpp"
#include "actors/control.hpp"
#include "actors/interfaces.hpp"
#include "messages/misbehaviour.hpp"
#include "messages/subnet.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

/// What the actors of discovery say to each other, and to the PEER_SET.
namespace peerage {

// -- the peer set tells ----------------------------------------------------------------

/// PEER_SET -> its observers: how peers come and go. A peer that the set does not take in
/// has only left.
struct peer_joined {
  peer_info info;
};
struct peer_left {
  peer_info info;
  peer_exit reason = peer_exit::internal_error;
};

/// Who is told of peers that come and go.
using peer_observer_actor =
  caf::typed_actor<caf::reacts_to<peer_joined>, caf::reacts_to<peer_left>>;

// -- the peer set is asked -------------------------------------------------------------

/// LISTENER -> PEER_SET: end the least valuable inbound peer, as `evicted`; see
/// choose_eviction. Answers true if one was ended; `peer_left` follows when it is gone.
struct evict_inbound {};

/// Anybody -> PEER_SET: end this peer (all peers of this range), with this reason.
struct end_peer {
  peer_id peer = 0;
  peer_exit reason = peer_exit::disconnect_requested;
};
struct end_peers_in {
  subnet range;
  peer_exit reason = peer_exit::banned;
};

/// PEER_SET -> whoever had addresses gathered: what a peer answered to our getaddr.
struct addresses_answered {
  addresses_announced from;
};

using addresses_answered_sink = caf::typed_actor<caf::reacts_to<addresses_answered>>;

/// CRAWLER -> PEER_SET: ask up to `fan_out` peers for addresses, those first that were
/// never asked, and none that was asked less than 31 s ago. Each answer goes to `taker`
/// as soon as it is there: a peer that says nothing holds up nobody else's. Answers when
/// all have answered or failed; at once if nobody could be asked.
struct gather_addresses {
  std::size_t fan_out = 3;
  caf::timespan timeout{};
  addresses_answered_sink taker;
};
struct gathered_addresses {
  std::size_t asked = 0;   ///< Peers.
  std::size_t answers = 0; ///< Of peers.
  std::size_t entries = 0; ///< In them.
};

/// ADDRESS_BOOK -> PEER_SET: tell one peer about addresses.
struct tell_addresses {
  peer_id peer = 0;
  announce_addresses what;
};

// -- bans, as they change ---------------------------------------------------------------

/// BAN_MANAGER -> its observers (LISTENER, DIALER, ADDRESS_BOOK): each keeps its own
/// copy, so that nobody has to ask before every connection. The copies start empty and
/// get what was saved as the first change.
struct bans_changed {
  std::vector<ban> added;
  std::vector<subnet> lifted;
};

using ban_observer_actor = caf::typed_actor<caf::reacts_to<bans_changed>>;

// -- the address book ------------------------------------------------------------------

/// It answers from memory. Who waits longer does without: nobody waits for it for ever.
inline constexpr std::chrono::seconds address_book_timeout{5};

/// DIALER -> ADDRESS_BOOK: up to `count` different addresses to dial, each pending until
/// its `dial_ended`. A `feeler` wants those to be tested rather than those that will
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
    released,  ///< It says nothing about the address.
    own,       ///< It is ourselves: forget it, and never take it in again.
  };
  endpoint remote;
  outcome result = outcome::released;
  std::uint64_t services = 0; ///< When connected.
};

/// DNS_SEEDS, a person -> ADDRESS_BOOK: addresses from elsewhere. Answers how many were
/// new.
struct add_addresses {
  std::vector<wire::network_address> entries;
  std::optional<endpoint> source; ///< Nobody for DNS seeds; see address_table::insert.
  bool tried = false; ///< As if a dial of ours had succeeded, as far as there is room.
  /// The answer means that they are on the disk; an error that they are not (yet).
  bool keep = false;
};

/// ADDRESS_BOOK -> its observers (DIALER, DNS_SEEDS): there are addresses where there
/// were none for the last one who asked.
struct addresses_available {};

/// ADDRESS_BOOK, DIALER -> CRAWLER, DNS_SEEDS: somebody wanted to dial, and there was
/// nobody left. May be repeated as often as it is true.
struct crawl_wanted {};

/// Who is used by the ADDRESS_BOOK.
using tell_addresses_sink = caf::typed_actor<caf::reacts_to<tell_addresses>>;
using address_observer_actor = caf::typed_actor<caf::reacts_to<addresses_available>>;
using crawl_wanted_sink = caf::typed_actor<caf::reacts_to<crawl_wanted>>;

/// PEER_MANAGER -> ADDRESS_BOOK: once, at the start. Until then nobody is told anything.
struct attach_address_users {
  tell_addresses_sink peers; ///< The PEER_SET.
  std::vector<address_observer_actor> observers;
  std::vector<crawl_wanted_sink> seekers;
};

struct get_address_book_snapshot {};
/// Counts of the address book at one moment.
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
};

/// Anybody -> ADDRESS_BOOK: what each peer that is here has told of addresses.
struct get_gossip_counts {};
struct peer_gossip_counts {
  struct entry {
    peer_id peer = 0;
    std::uint64_t processed = 0;
    std::uint64_t rate_limited = 0; ///< Dropped, as they were beyond its allowance.
  };
  std::vector<entry> entries; ///< By peer.
};

/// Anybody -> ADDRESS_BOOK: random addresses, for people and programs of this machine.
struct get_known_addresses {
  std::size_t count = 0;       ///< 0: all.
  std::uint8_t network_id = 0; ///< 0: of all networks; else as in wire::address_network.
  bool presentable = false;    ///< Only what others are told: nothing stale.
};
struct known_address {
  wire::network_address address;
  std::string state; ///< never_tried, pending, responded, failed.
  bool tried = false;
  std::optional<endpoint> source;
  unix_seconds last_attempt = 0;
  unix_seconds last_success = 0;
  std::uint32_t failures = 0;
};
struct known_address_list {
  std::vector<known_address> entries;
};

using address_book_actor = peer_observer_actor::extend<
  // What the CONNECTIONs bring, by way of the INBOUND_DISPATCHER: "taken".
  caf::reacts_to<addresses_announced>, caf::replies_to<serve_addresses>::with<addresses>,
  caf::reacts_to<addresses_answered>, caf::replies_to<add_addresses>::with<std::uint64_t>,
  caf::replies_to<get_candidates>::with<candidates>, caf::reacts_to<dial_ended>,
  caf::replies_to<get_address_book_snapshot>::with<address_book_snapshot>,
  caf::replies_to<get_known_addresses>::with<known_address_list>,
  caf::replies_to<wait_for_address>::with<known_address_list>,
  caf::replies_to<get_gossip_counts>::with<peer_gossip_counts>,
  caf::reacts_to<cancel_request>, // of a wait_for_address
  // Changed bans: forget what they cover.
  caf::reacts_to<bans_changed>, caf::reacts_to<attach_address_users>,
  // INTERNAL: time to save or to relay, or a waiter's time is over.
  caf::reacts_to<alarm>>;

// -- ban_manager: reputation and bans
// -----------------------------------------------------

/// A person or program -> BAN_MANAGER: ban a range; see ban_list::add. Answers a
/// ban_result as its number once the change is on the disk. An error says that it is not,
/// though it is in force.
struct set_ban {
  subnet range;
  /// Seconds from now or, if `absolute`, Unix time; 0: the default duration.
  std::int64_t time = 0;
  bool absolute = false;
  /// The range is one address, and is banned already if any range with it is.
  bool address_only = false;
};
/// The same for the other direction: of exactly this range, or of all.
struct lift_ban {
  subnet range;
};
struct clear_bans {};

struct get_bans {};
struct bans {
  std::vector<ban> entries; ///< In force now.
};

struct get_score {
  endpoint remote;
};

/// PEER_SET -> BAN_MANAGER: which of these have a bad reputation (`bad_reputation`).
struct find_suspects {
  std::vector<endpoint> remotes;
};
struct suspects {
  std::vector<endpoint> remotes;
};

using find_suspects_source =
  caf::typed_actor<caf::replies_to<find_suspects>::with<suspects>>;

/// Who ends peers when told so: the PEER_SET.
using end_peer_sink =
  caf::typed_actor<caf::reacts_to<end_peer>, caf::reacts_to<end_peers_in>>;

/// PEER_MANAGER -> BAN_MANAGER: who is to know of bans, and who ends peers. Sent once;
/// the observers are told of all bans in force at once.
struct attach_ban_users {
  std::vector<ban_observer_actor> observers;
  end_peer_sink peers;
};

using ban_manager_actor = peer_observer_actor::extend<
  caf::reacts_to<attach_ban_users>, caf::reacts_to<report_misbehaviour>,
  caf::replies_to<set_ban>::with<std::uint8_t>,
  caf::replies_to<lift_ban>::with<std::uint8_t>,
  caf::replies_to<clear_bans>::with<std::uint8_t>, caf::replies_to<get_bans>::with<bans>,
  caf::replies_to<wait_for_ban>::with<bans>,
  caf::reacts_to<cancel_request>, // of a wait_for_ban
  caf::replies_to<get_score>::with<double>,
  caf::replies_to<find_suspects>::with<suspects>,
  // INTERNAL: time to save or to sweep, or a waiter's time is over.
  caf::reacts_to<alarm>>;

// -- saving ----------------------------------------------------------------------------

/// Owners of state -> SAVER: write this file; see save_state_file. Answers when it is on
/// the disk: empty, or what went wrong, as a sentence for people.
struct save_state {
  std::filesystem::path path;
  std::string kind;
  std::uint32_t version = 1;
  nlohmann::json body;
};

/// Owners of state -> SAVER: append to the journal of the file `path`; see
/// append_to_journal. Answers like `save_state`.
struct keep_record {
  std::filesystem::path path;
  std::string kind;
  std::uint32_t version = 1;
  std::uint64_t number = 0;
  nlohmann::json what;
};

/// SAVER -> itself: write what has come since.
struct write_records {};

using saver_actor = caf::typed_actor<caf::replies_to<save_state>::with<std::string>,
                                     caf::replies_to<keep_record>::with<std::string>,
                                     // INTERNAL.
                                     caf::reacts_to<write_records>>;

/// How often changed state is saved, if nothing else is wanted.
inline constexpr std::chrono::seconds save_interval{60};

} // namespace peerage

PEERAGE_LOCAL_MESSAGE(peerage::peer_joined)
PEERAGE_LOCAL_MESSAGE(peerage::peer_left)
PEERAGE_LOCAL_MESSAGE(peerage::evict_inbound)
PEERAGE_LOCAL_MESSAGE(peerage::end_peer)
PEERAGE_LOCAL_MESSAGE(peerage::end_peers_in)
PEERAGE_LOCAL_MESSAGE(peerage::gather_addresses)
PEERAGE_LOCAL_MESSAGE(peerage::gathered_addresses)
PEERAGE_LOCAL_MESSAGE(peerage::tell_addresses)
PEERAGE_LOCAL_MESSAGE(peerage::get_candidates)
PEERAGE_LOCAL_MESSAGE(peerage::candidates)
PEERAGE_LOCAL_MESSAGE(peerage::dial_ended)
PEERAGE_LOCAL_MESSAGE(peerage::addresses_answered)
PEERAGE_LOCAL_MESSAGE(peerage::add_addresses)
PEERAGE_LOCAL_MESSAGE(peerage::addresses_available)
PEERAGE_LOCAL_MESSAGE(peerage::crawl_wanted)
PEERAGE_LOCAL_MESSAGE(peerage::attach_address_users)
PEERAGE_LOCAL_MESSAGE(peerage::get_address_book_snapshot)
PEERAGE_LOCAL_MESSAGE(peerage::address_book_snapshot)
PEERAGE_LOCAL_MESSAGE(peerage::get_gossip_counts)
PEERAGE_LOCAL_MESSAGE(peerage::peer_gossip_counts)
PEERAGE_LOCAL_MESSAGE(peerage::get_known_addresses)
PEERAGE_LOCAL_MESSAGE(peerage::known_address_list)
PEERAGE_LOCAL_MESSAGE(peerage::attach_ban_users)
PEERAGE_LOCAL_MESSAGE(peerage::set_ban)
PEERAGE_LOCAL_MESSAGE(peerage::lift_ban)
PEERAGE_LOCAL_MESSAGE(peerage::clear_bans)
PEERAGE_LOCAL_MESSAGE(peerage::get_bans)
PEERAGE_LOCAL_MESSAGE(peerage::bans)
PEERAGE_LOCAL_MESSAGE(peerage::bans_changed)
PEERAGE_LOCAL_MESSAGE(peerage::get_score)
PEERAGE_LOCAL_MESSAGE(peerage::find_suspects)
PEERAGE_LOCAL_MESSAGE(peerage::suspects)
PEERAGE_LOCAL_MESSAGE(peerage::save_state)
PEERAGE_LOCAL_MESSAGE(peerage::keep_record)
PEERAGE_LOCAL_MESSAGE(peerage::write_records)
