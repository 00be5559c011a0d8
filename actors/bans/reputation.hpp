// SPDX-License-Identifier: MIT
#pragma once

#include "messages/misbehaviour.hpp"
#include "messages/subnet.hpp"
#include "messages/time.hpp"

#include <chrono>
#include <map>
#include <set>
#include <vector>

namespace peerage {

/// The range that scores and misbehaviour bans are kept for: one IPv4 address, or the /64
/// of IPv6, which a single customer gets; a link-local address alone, as its /64 is the
/// whole link.
subnet accountable_range_of(const endpoint& x);

/// At this many points a host is to be banned, as by Bitcoin Core's former `-banscore`
/// and zebra's `MAX_PEER_MISBEHAVIOR_SCORE`.
inline constexpr double ban_threshold = 100;

/// At this many points a peer is the first to make room for newcomers.
inline constexpr double bad_reputation = ban_threshold / 2;

/// The effect of one report.
struct score_change {
  double before = 0; ///< The host's points at this moment, and
  double after = 0;  ///< with this report.
  /// `after` is at or over the threshold: end the peer that was reported.
  bool passed_threshold = false;
  /// Passed, and the address is not shared: ban `accountable_range_of` the peer, too.
  bool ban_suggested = false;
};

/// One host's points, as saved.
struct saved_score {
  subnet host;
  double score = 0;    ///< At `at`.
  unix_seconds at = 0; ///< When it was last reported.

  friend bool operator==(const saved_score&, const saved_score&) = default;
};

/// The points of hosts, which add up and fade away. Not to be confused with bans, which
/// have an end, and with backoff, which blames no host.
///
/// Where one address stands for many, the points are those of one connection, and end
/// with it: all peers that come through Tor, or a proxy, have the address of the proxy,
/// and on one machine all have that of loopback. None is to pay for the others there.
class reputation {
public:
  /// @param shared Addresses that stand for many; loopback always does.
  explicit reputation(std::vector<subnet> shared = {});

  bool is_shared(const endpoint& x) const;

  /// After this time half of the points are gone: an hour, so that the faults of a
  /// long-lived peer never add up, and floods do.
  static constexpr std::chrono::seconds half_life = std::chrono::hours{1};

  /// Points above this are not counted, so that a host which raged before its ban begins
  /// almost anew after it.
  static constexpr double highest_score = 2 * ban_threshold;

  /// Hosts remembered, as many as bans. Beyond, the one with the fewest points is
  /// forgotten.
  static constexpr std::size_t max_hosts = 20'000;

  /// Fewer points than this are not worth saving.
  static constexpr double negligible_score = 0.5;

  /// Counts one report of a peer's misbehaviour. Where its address is shared, call
  /// `forget_connection` once it is gone.
  /// @param manual A manual peer: network causes do not count.
  score_change report(const endpoint& peer, misbehaviour cause, unix_seconds now,
                      bool manual);

  /// The points of the peer's host or connection; 0 for strangers.
  double score_of(const endpoint& peer, unix_seconds now) const;

  /// Clears all hosts in the range, as when a person lifts a ban.
  void forget(const subnet& range);
  void forget_connection(const endpoint& peer) { connections_.erase(peer); }
  void clear();

  std::size_t size() const { return hosts_.size(); }

  /// For saving: all hosts whose points are not negligible.
  std::vector<saved_score> entries(unix_seconds now) const;

  /// Takes over saved scores on top of what is known already. Impossible scores are left
  /// out, times in the future count as now.
  void restore(const std::vector<saved_score>& saved, unix_seconds now);

private:
  struct record {
    double score;
    unix_seconds at;
  };

  static double decayed(const record& x, unix_seconds now);
  static double rank_of(const record& x);
  void put(const subnet& host, record x);
  void erase(std::map<subnet, record>::iterator position);

  std::vector<subnet> shared_;
  std::map<endpoint, record> connections_; ///< Those with a shared address.
  std::map<subnet, record> hosts_;
  /// The first is forgotten first. All points fade at one pace, so this order never
  /// changes.
  std::set<std::pair<double, subnet>> by_rank_;
};

} // namespace peerage
