#pragma once

#include "actors/admission/connection_caps.hpp"
#include "actors/admission/listener.hpp"
#include "actors/base/local_message.hpp"
#include "actors/dialing/added_peers.hpp"
#include "actors/dialing/backoff.hpp"
#include "actors/dialing/black_hole_detector.hpp"
#include "actors/discovery/interfaces.hpp"
#include "actors/peer/peer.hpp"
#include "actors/storage/state_saver.hpp"

#include <deque>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace peerage {

/// PEER_MANAGER -> DIALER: whom it works with. Sent once; nothing is dialed before.
struct attach_discovery {
  peer_set_actor peers;
  address_book_actor book; ///< Nobody: only manual peers are dialed.
  ban_manager_actor ban_manager;
};

using dialer_actor = peer_sink::extend<
  caf::reacts_to<attach_discovery>, caf::reacts_to<peer_joined>,
  caf::reacts_to<peer_left>, caf::reacts_to<bans_changed>,
  caf::reacts_to<addresses_available>,
  caf::replies_to<get_attempt_counts>::with<attempt_counts>,
  // For people and programs; see actors/control.hpp.
  caf::replies_to<add_manual_peer>::with<bool>,
  caf::replies_to<remove_manual_peer>::with<bool>, caf::replies_to<dial_once>::with<bool>,
  caf::replies_to<get_manual_peers>::with<manual_peers>,
  caf::reacts_to<set_network_active>, caf::replies_to<explain_dial>::with<obstacles>,
  // Those that still shake hands, with what is known of them.
  caf::replies_to<get_peer_snapshots>::with<peer_snapshots>,
  // Ends a dial that is under way; false if there is none.
  caf::replies_to<disconnect_peer>::with<bool>,
  // INTERNAL: a pause is over, or it is time to save.
  caf::reacts_to<alarm>>;

/// Dials in flight at one time (invariant I7), as zebra-network has it.
inline constexpr std::size_t max_dials_in_flight = 50;

/// Between the starts of two dials (zebra's MIN_OUTBOUND_PEER_CONNECTION_INTERVAL): a
/// node that comes up is not to look like a scan.
inline constexpr std::chrono::milliseconds dial_spacing{100};

/// How long the DIALER waits before it asks an address book again that had nothing.
inline constexpr std::chrono::seconds refill_interval{10};

/// The same when what it had was nobody to dial now: too near to others, too soon after a
/// failure.
inline constexpr std::chrono::seconds unsuitable_interval{1};

/// How often an address is tried out that nobody needs now, so that the book stays fresh
/// (Bitcoin Core's FEELER_INTERVAL).
inline constexpr std::chrono::minutes feeler_interval{2};

struct dialer_options {
  std::vector<endpoint> manual;          ///< Dialed, and dialed again, for ever.
  std::vector<added_peers::entry> added; ///< These too; people can list and remove them.
  std::vector<endpoint> own; ///< Where we listen; the book offers none of these.
  std::size_t max_outbound = 25;
  std::size_t max_in_flight = max_dials_in_flight;
  connection_limits caps; ///< Of addresses and subnets; manual peers are exempt.
  std::uint64_t needed_services = 0; ///< Discovered peers that lack one are left.
  std::filesystem::path directory;   ///< Empty: nothing is saved.
  saver_actor saver;
  caf::timespan save_every = save_interval;
};

struct dialer_state {
  dialer_state() = default;

  /// Why an address is dialed.
  enum class purpose : std::uint8_t { manual, requested, anchor, candidate, feeler };

  struct dial {
    purpose why = purpose::candidate;
    bool ready = false; ///< Handed to the set, which has not said what became of it.
    peer_id id = 0;
    caf::actor attempt;
  };

  struct connection {
    endpoint remote;
    purpose why = purpose::candidate;
    time_point since;
  };

  bool is_connected(const endpoint& remote) const;
  /// Dialed or connected.
  bool is_known(const endpoint& remote) const;
  /// A dial has reached ourselves there.
  bool has_met_itself_at(const endpoint& remote) const;
  /// That, or we listen there. Whoever names such an address may try it once.
  bool is_own(const endpoint& remote) const;
  /// Places that no peer has yet, be somebody dialed for them or not.
  std::size_t free_places() const;
  /// Loopback on a network of one machine: neither caps nor groups stand in its way.
  bool is_exempt(const endpoint& remote) const;

  node_context_ptr context;
  dialer_options options;
  attach_discovery others;
  attempt_counts counts;

  /// Where dials met ourselves, the oldest first. No address that others have gets in:
  /// they would have to answer with a nonce that we sent to that address alone.
  std::deque<endpoint> own_met;
  static constexpr std::size_t max_own_met = 100;

  std::set<endpoint> manual; ///< Those of the options, and those added.
  added_peers added;
  /// Texts of added or removed peers that are not on the disk, as it failed.
  std::set<std::string> unsaved;
  std::deque<endpoint> anchors;  ///< Not dialed yet.
  std::deque<endpoint> offered;  ///< By the address book, not dialed yet.
  bool offers_were_used = false; ///< One of those offered together was dialed.
  std::unordered_map<endpoint, dial> dials;
  std::map<peer_id, connection> connected; ///< Outbound.
  /// The networks of `dials` and `connected` that are not manual: one peer of each.
  std::multiset<subnet> groups;

  connection_caps caps{connection_limits{}};
  ban_list bans;
  black_hole_detector families;
  std::optional<backoff> manual_pauses;
  std::optional<backoff> pauses;

  /// How many of the discovered addresses answered of late, from 0 to 1: the fewer, the
  /// more are dialed for one free place.
  double answer_rate = 1;
  bool asking = false; ///< The book has not answered yet.
  time_point next_start;
  time_point next_question;
  time_point next_feeler;
  time_point next_save;
  std::optional<time_point> alarm_at;
  state_saver file;
  bool network_active = true;
  bool stopping = false;
  static inline const char* name = "dialer";
};

/// Keeps the outbound peers at their number: manual peers first, then the anchors of the
/// last run, then what the ADDRESS_BOOK offers, each from another network. Dials up to
/// `max_in_flight` at once (I7), no more than there are free places as long as they
/// succeed, and never waits for anybody: whoever does not answer only leaves a place
/// empty until the next attempt.
///
/// A dial that meets ourselves is not repeated, whoever asks for it. Bans, a switched off
/// network, an removed address and an exit end the dials they concern at once.
///
/// Remembers its two longest connections as anchors, whom to leave alone for how long,
/// and whom people have added. It quits with what went wrong if the last save failed.
dialer_actor::behavior_type dialer(dialer_actor::stateful_pointer<dialer_state> self,
                                   node_context_ptr context, dialer_options options);

} // namespace peerage

PEERAGE_LOCAL_MESSAGE(peerage::attach_discovery)
