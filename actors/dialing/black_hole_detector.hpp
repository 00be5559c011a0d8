// SPDX-License-Identifier: MIT
#pragma once

#include "messages/endpoint.hpp"

#include <array>
#include <bitset>

namespace peerage {

/// Notices that one of IPv4 and IPv6 never works from here, and spares us its dials. The
/// idea is go-libp2p's black hole detector (swarm/black_hole_detector.go).
///
/// A family is dead if hardly any of its last 100 dials reached anything *while the other
/// family works*: when neither does, we are offline, and must be quick when we are back.
/// Addresses that are not routable (loopback, private networks) are always dialed, and
/// prove nothing.
class black_hole_detector {
public:
  /// Dials that a family is judged by; while it is dead, one in as many goes through.
  static constexpr std::size_t window = 100;

  /// A family that reached fewer of them is dead. More than one, as a tunnel that works
  /// now and then is as good as none.
  static constexpr std::size_t fewest_successes = 3;

  /// How a dial ended.
  /// @param reached TCP was opened, or the remote refused: either proves that there is a
  ///                way. Do not report dials that we gave up ourselves.
  void report(const endpoint& remote, bool reached);

  /// False: skip this address. Every 100th of a dead family may be dialed.
  bool may_dial(const endpoint& remote) const;

  /// Counts an address that was skipped or dialed, up to the next that goes through.
  void left(const endpoint& remote);
  void dialed(const endpoint& remote);

  bool ipv4_is_dead() const { return is_dead(0); }
  bool ipv6_is_dead() const { return is_dead(1); }

private:
  struct family {
    std::bitset<window> reached; ///< A ring of the last dials.
    std::size_t dials = 0;       ///< Recorded ones.
    std::size_t left = 0; ///< Addresses skipped since the last one that went through.
  };

  bool is_dead(std::size_t index) const;

  std::array<family, 2> families_; ///< IPv4, IPv6.
};

} // namespace peerage
