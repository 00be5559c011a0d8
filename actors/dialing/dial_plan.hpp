// SPDX-License-Identifier: MIT
#pragma once

#include "actors/admission/connection_caps.hpp"
#include "actors/bans/ban_list.hpp"
#include "actors/base/node_clock.hpp"
#include "actors/base/random_source.hpp"
#include "actors/dialing/backoff.hpp"
#include "actors/dialing/black_hole_detector.hpp"
#include "actors/interfaces/attempts.hpp"
#include "actors/interfaces/broadcasts.hpp"
#include "messages/dial_reach.hpp"
#include "messages/endpoint.hpp"
#include "messages/lifecycle.hpp"

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

namespace peerage {

/// Dials in flight at one time (invariant I7), as zebra-network has it.
inline constexpr std::size_t max_dials_in_flight = 50;

/// Between the starts of two dials (zebra's MIN_OUTBOUND_PEER_CONNECTION_INTERVAL): a
/// starting node must not look like a scan.
inline constexpr std::chrono::milliseconds dial_spacing{100};

/// From an answer without addresses to the next question to the address book.
inline constexpr std::chrono::seconds refill_interval{10};

/// The same when none of the addresses could be dialed now: too near to others, too soon
/// after a failure.
inline constexpr std::chrono::seconds unsuitable_interval{1};

/// From a dial for which the system had no descriptor to the next one.
inline constexpr std::chrono::seconds shortage_pause{1};

/// How often an address is tested without need for a peer, so that the book stays fresh
/// (Bitcoin Core's FEELER_INTERVAL).
inline constexpr std::chrono::minutes feeler_interval{2};

/// Why an address is dialed.
enum class dial_purpose : std::uint8_t {
  manual,    ///< A person wants this peer, now and always.
  requested, ///< A person wants it once.
  anchor,    ///< A good peer of the last run.
  candidate, ///< Offered by the address book.
  feeler,    ///< Offered likewise, only to test whether it answers.
};

/// For people: "candidate of the address book".
std::string_view to_string(dial_purpose x);

/// A person wants this peer: no cap and no place stands in its way.
inline bool is_manual(dial_purpose x) {
  return x == dial_purpose::manual || x == dial_purpose::requested;
}

/// Whether a dial with this end says nothing about the address: the end was our own.
bool says_nothing(peer_exit x);

struct dial_limits {
  std::size_t max_outbound = 25; ///< Places for outbound peers.
  std::size_t max_in_flight = max_dials_in_flight;
  connection_limits caps;    ///< Of addresses and subnets; manual peers are exempt.
  std::vector<endpoint> own; ///< Our listening addresses: not dialed.
  /// No dial goes beyond, not even one that a person asks for.
  dial_reach reach = dial_reach::everywhere;
  /// The networks that discovery dials, as BIP 155 numbers them; empty: all.
  std::vector<std::uint8_t> networks;
  std::uint64_t needed_services = 0; ///< Discovered peers that lack one are dropped.
};

/// Decides which addresses to dial, and when, to keep the number of outbound peers.
/// Manual peers first, then the anchors of the last run, then the address book's offers,
/// each from another network. Up to `max_in_flight` at once (I7), no more than there are
/// free places as long as dials succeed. The plan never waits: a dial that hangs only
/// leaves a place empty until the next attempt. An address that turned out to be our own
/// is not dialed again.
///
/// No actor, no socket, no clock: it is told what happened, and says the one thing to do
/// next. `explain` asks the same predicates as `next`, so the two always agree.
class dial_plan {
public:
  /// @param random Must outlive this object.
  dial_plan(dial_limits limits, random_source& random, time_point now);

  // -- what to do ----------------------------------------------------------------------

  /// Start this dial now. Its place is taken, until `failed`, `ready` or `left`.
  struct start_dial {
    endpoint remote;
    dial_purpose why = dial_purpose::candidate;
  };
  /// Ask the address book for addresses; `offer` takes its answer.
  struct ask_book {
    std::size_t count = 1;
    bool feeler = false;
  };
  /// Do nothing until then or, without a time, until something happens.
  struct sleep {
    std::optional<time_point> until;
  };
  using step = std::variant<start_dial, ask_book, sleep>;

  /// To be called again and again until it says `sleep`.
  step next(const dated_moment& now);

  /// Offers dropped since the last call, to be returned to the address book.
  std::vector<endpoint> take_released() { return std::exchange(released_, {}); }

  /// Everything that stands in the way of a dial of this address by discovery, at this
  /// moment. Empty exactly if `next` would dial the address, were it offered now.
  obstacles explain(const endpoint& remote, const dated_moment& now) const;

  /// Whether this address could be dialed now as a manual peer.
  bool may_dial_manual(const endpoint& remote, const dated_moment& now) const {
    return may_dial(remote, dial_purpose::manual, now);
  }

  // -- what happened -------------------------------------------------------------------

  /// Without an address book, as at first, only manual peers are dialed; earlier offers
  /// are forgotten.
  void set_book(bool is_there);
  void set_active(bool active) { active_ = active; }
  void change_bans(const bans_changed& x, unix_seconds now);

  /// Adds a manual peer, and ends the pauses of its address. One that is out of reach is
  /// never dialed.
  void add_manual(const endpoint& remote);
  void remove_manual(const endpoint& remote);
  void set_anchors(std::deque<endpoint> x) { anchors_ = std::move(x); }

  /// The address book's answer; empty if none came.
  void offer(const ask_book& question, const std::vector<endpoint>& found,
             time_point now);
  /// The address book has addresses again.
  void book_has_more(time_point now) { next_question_ = now; }

  /// A person asks for one dial now, regardless of pauses and places. False if the
  /// address is being dialed, connected, banned, out of reach or our own, or the network
  /// is inactive; else the caller starts the dial, whose place is taken.
  bool request(const endpoint& remote, const dated_moment& now);

  /// A dial has failed. @returns its purpose.
  dial_purpose failed(const endpoint& remote, peer_exit reason, time_point now);

  /// A dial has led to a peer. @returns why to drop it; empty: hand it to the set, which
  /// tells `joined` or `left`.
  std::optional<peer_exit> ready(const endpoint& remote, std::uint64_t services,
                                 time_point now);

  /// False if it was none of these dials; inbound peers count only for the caps.
  bool joined(const peer_info& info, time_point now);
  bool left(const peer_info& info, time_point now);

  // -- what is so ----------------------------------------------------------------------

  struct dial {
    dial_purpose why = dial_purpose::candidate;
    bool ready = false; ///< Handed to the set, which has not answered yet.
  };
  const std::unordered_map<endpoint, dial>& dials() const { return dials_; }

  bool is_connected(const endpoint& remote) const {
    return connected_to_.contains(remote);
  }
  dial_reach reach() const { return limits_.reach; }
  bool is_active() const { return active_; }
  bool is_manual_peer(const endpoint& remote) const { return manual_.contains(remote); }
  /// Whether a dial of this address has reached our own node.
  bool has_met_itself_at(const endpoint& remote) const;
  bool is_banned(const endpoint& remote, unix_seconds now) const {
    return bans_.is_banned(remote, now);
  }

  /// When the address may be dialed again; empty: at any time.
  std::optional<time_point> ready_at(const endpoint& remote) const {
    return pauses_of(remote).ready_at(remote);
  }
  std::uint32_t failures_of(const endpoint& remote) const {
    return pauses_of(remote).failures_of(remote);
  }
  /// Of discovered addresses, for saving.
  backoff& pauses() { return pauses_; }
  /// The longest connected of the discovered peers, for saving.
  std::vector<endpoint> longest_connected(std::size_t count) const;

private:
  struct connection {
    endpoint remote;
    dial_purpose why = dial_purpose::candidate;
    time_point since;
  };

  bool is_known(const endpoint& remote) const {
    return dials_.contains(remote) || is_connected(remote);
  }
  bool is_own(const endpoint& remote) const;
  bool is_exempt(const endpoint& remote) const {
    return limits_.caps.loopback_exempt && remote.is_loopback();
  }
  const backoff& pauses_of(const endpoint& remote) const {
    return manual_.contains(remote) ? manual_pauses_ : pauses_;
  }
  std::size_t free_places() const;
  bool is_full() const; ///< As many dials are under way as may be.
  std::size_t room() const;

  template <class Visit>
  void visit_obstacles(const endpoint& remote, dial_purpose why, const dated_moment& now,
                       Visit found) const;
  bool may_dial(const endpoint& remote, dial_purpose why, const dated_moment& now) const;

  std::optional<start_dial> choose(const dated_moment& now);
  std::optional<start_dial> choose_from(std::deque<endpoint>& queue, dial_purpose why,
                                        const dated_moment& now);
  std::optional<endpoint> due_manual(const dated_moment& now) const;
  std::optional<ask_book> choose_question(time_point now);
  std::optional<time_point> wake_up(const dated_moment& now) const;

  start_dial take(const endpoint& remote, dial_purpose why, time_point now);
  void give_back(const endpoint& remote, dial_purpose why);
  void note_answer(bool answered);
  void note_own(const endpoint& remote);

  dial_limits limits_;
  random_source* random_;
  bool has_book_ = false;
  bool active_ = true; ///< The network is on.
  ban_list bans_;      ///< A copy; BAN_MANAGER owns it.

  std::set<endpoint> manual_;
  std::deque<endpoint> anchors_;  ///< Not dialed yet.
  std::deque<endpoint> offered_;  ///< By the address book, not dialed yet.
  std::deque<endpoint> feelers_;  ///< Likewise, to be tested.
  bool offers_were_used_ = false; ///< An address of the last offer was dialed.
  std::vector<endpoint> released_;

  std::unordered_map<endpoint, dial> dials_;
  std::map<peer_id, connection> connected_;        ///< Outbound.
  std::unordered_multiset<endpoint> connected_to_; ///< Their remotes.
  /// The networks of `dials_` and `connected_` that are not manual: one peer of each.
  std::multiset<subnet> groups_;
  connection_caps caps_;
  black_hole_detector families_;
  backoff manual_pauses_;
  backoff pauses_;

  /// Addresses where dials met our own node, the oldest first. Others' addresses cannot
  /// get in: their nodes would have to answer with a nonce that we sent to that address
  /// alone.
  std::deque<endpoint> own_met_;
  static constexpr std::size_t max_own_met = 100;

  /// The share of discovered addresses that answered lately, in [0, 1]: the fewer, the
  /// more are dialed for one free place.
  double answer_rate_ = 1;
  bool asking_ = false; ///< The book has not answered yet.
  time_point next_start_;
  time_point short_until_; ///< The system has no descriptors.
  time_point next_question_;
  time_point next_feeler_;
};

} // namespace peerage
