// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/alarm_clock.hpp"
#include "actors/base/random_source.hpp"
#include "actors/dialing/backoff.hpp"
#include "messages/endpoint.hpp"
#include "messages/host_name.hpp"
#include "messages/lifecycle.hpp"
#include "messages/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace peerage {

/// The manual peers that are known by a host name. A name is looked up anew for each
/// dial: the address of a peer that is gone may have changed. One of the addresses that
/// come is the peer's until its dial has failed or its connection has ended; then the
/// name waits as other manual peers do (`manual_backoff`), also when it cannot be looked
/// up.
///
/// No actor, no resolver, no clock: it is told what happened.
class named_peers {
public:
  struct peer {
    std::optional<endpoint> remote; ///< The address that is dialed or connected.
    std::optional<time_point> connected_at;
    bool is_looked_up = false;  ///< A lookup is under way.
    std::uint32_t failures = 0; ///< Of lookups and dials, in a row.
    time_point ready_at;        ///< Not looked up before.
    std::string problem;        ///< Why it waits, for people.
    std::size_t wishes = 1;     ///< So many want it: an option, and an added peer.
    std::set<endpoint> tried;   ///< Addresses whose dials have failed, in this round.
  };

  /// @param random Must outlive this object.
  explicit named_peers(random_source& random) : random_(random) {}

  void add(const host_name& name, time_point now);

  /// Ends one wish. @returns the address that no wish needs any more.
  std::optional<endpoint> remove(const host_name& name);

  /// Null if it was not added.
  const peer* find(const host_name& name) const;

  /// Whether this address is a name's at this moment.
  bool contains(const endpoint& remote) const;

  /// Failures in a row of the name that has this address.
  std::uint32_t failures_of(const endpoint& remote) const;

  // -- lookups -------------------------------------------------------------------------

  /// Names to look up now; each is under way until `found` or `not_found`.
  std::vector<host_name> take_due(time_point now);

  /// When the next name has to be looked up; empty: none waits.
  std::optional<time_point> next_lookup() const;

  /// A lookup has brought addresses that can be dialed now. @returns the one to dial: the
  /// first that has not failed in this round, or else the first of a new round; empty if
  /// the name is wanted no more.
  std::optional<endpoint> found(const host_name& name,
                                const std::vector<endpoint>& dialable);

  /// It has not.
  void not_found(const host_name& name, std::string problem, time_point now);

  // -- dials ---------------------------------------------------------------------------

  // All of these return false for an address of no name.
  bool dial_failed(const endpoint& remote, peer_exit reason, time_point now);
  bool joined(const endpoint& remote, time_point now);
  bool left(const endpoint& remote, time_point now);

private:
  using entry = std::map<host_name, peer>::value_type;
  entry* with(const endpoint& remote);
  void wait(peer& x, time_point now);

  random_source& random_;
  std::map<host_name, peer> peers_;
};

} // namespace peerage
