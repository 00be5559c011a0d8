// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/alarm_clock.hpp"
#include "messages/lifecycle.hpp"
#include "messages/subnet.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>

namespace peerage {

/// The inbound handshakes under way, and which of them has to make room for a newcomer.
/// An unfinished handshake costs its sender nothing, so no peer ever makes room for one:
/// handshakes make room for each other.
///
/// The first to go is the handshake whose host has failed the most handshakes; of equal
/// ones, one whose remote is still silent, though a remote that dials has its version
/// ready; of equal ones, the longest under way, as an honest remote needs no longer than
/// its line. So a host that opens connections to keep others out can do so once; after
/// that all other hosts displace it. An attacker with many hosts must come so fast that
/// the oldest of `reserve` handshakes is younger than an honest one takes, and then
/// `accept_rate` stands in the way.
///
/// Knows no sockets and no clock.
class handshake_places {
public:
  /// Places for handshakes when peers take all slots. Their descriptors come on top of
  /// the slots'.
  static constexpr std::size_t reserve = 64;

  /// Within this time a handshake is not displaced by a newcomer whose host has a worse
  /// record, or by one that finds its own address or subnet full: a line to the
  /// other side of the world, by way of a hidden network, takes that long.
  static constexpr std::chrono::seconds grace{3};

  /// A remote that has said nothing after this is silent. The version of an honest remote
  /// arrives right behind the packet that opens the connection.
  static constexpr std::chrono::milliseconds silence{250};

  /// The record of a host is forgotten after this long without a failure.
  static constexpr std::chrono::minutes memory{10};

  /// Hosts remembered; beyond, the one whose last failure is oldest is forgotten.
  static constexpr std::size_t max_hosts = 4'096;

  void insert(peer_id id, const endpoint& remote, time_point now);

  enum class outcome : std::uint8_t {
    finished, ///< Clears the host's record.
    failed,   ///< Counts against the host.
    ended,    ///< By us; counts for nothing.
  };
  void erase(peer_id id, outcome how, time_point now);

  std::size_t size() const { return under_way_.size(); }
  /// Hosts with a record.
  std::size_t hosts() const { return by_host_.size(); }

  /// Whether the remote of this handshake has said anything; called when needed.
  using has_spoken = std::function<bool(peer_id)>;

  /// The handshake that a newcomer displaces when there is no place for it; empty if the
  /// newcomer is worse than all of them.
  std::optional<peer_id> displaced_by(const endpoint& newcomer, time_point now,
                                      const has_spoken& spoken) const;

  /// The same for a newcomer for whom only its address or subnet has no place.
  std::optional<peer_id> displaced_in(const subnet& range, time_point now) const;

  /// The first to go, if one has to; empty if there is none.
  std::optional<peer_id> worst(time_point now, const has_spoken& spoken) const;

private:
  struct handshake {
    endpoint remote;
    time_point since;
  };
  struct record {
    subnet host;
    std::uint32_t failures = 0;
    time_point failed_at;
  };
  using records = std::list<record>;

  std::uint32_t failures_of(const endpoint& remote, time_point now) const;
  void note_failure(const endpoint& remote, time_point now);
  void forget(const endpoint& remote);

  std::map<peer_id, handshake> under_way_; ///< The longest under way first.
  records by_recency_;                     ///< The last one to fail first.
  // Ordered: strangers choose these keys.
  std::map<subnet, records::iterator> by_host_;
};

} // namespace peerage
