// SPDX-License-Identifier: MIT
#pragma once

#include "messages/subnet.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>

namespace peerage {

/// How many connections there may be, pending ones included.
struct connection_limits {
  std::size_t total = 125;    ///< Bitcoin Core: DEFAULT_MAX_PEER_CONNECTIONS.
  std::size_t per_ip = 1;     ///< zebra: DEFAULT_MAX_CONNS_PER_IP.
  std::size_t per_subnet = 2; ///< In one /24 of IPv4 or /64 of IPv6.
  /// Loopback counts in the total only. For regtest, where all peers are local.
  bool loopback_exempt = false;
};

/// Which limit stands in the way of a connection.
enum class cap_refusal : std::uint8_t {
  per_ip,     ///< Too many connections with that address.
  per_subnet, ///< Too many with its /24 or /64.
  total,      ///< All slots are taken; nothing else is in the way.
};

/// Counts connections by address and by subnet, and says which may still be added. A
/// connection is counted from the accept or the start of the dial until it is gone:
/// handshakes take slots too, else a stranger could hold any number of them open.
///
/// Never holds more than `total` entries by `try_take`.
class connection_caps {
public:
  explicit connection_caps(const connection_limits& limits) : limits_(limits) {}

  /// Takes a slot, or says why not. There is no moment between check and reservation.
  [[nodiscard]] std::optional<cap_refusal> try_take(const endpoint& remote);

  /// Takes a slot for a connection that is there already, whatever the limits say.
  void take(const endpoint& remote);

  /// What `try_take` would answer. `total` comes last: only then would an eviction let
  /// the newcomer in.
  std::optional<cap_refusal> would_refuse(const endpoint& remote) const;

  /// Gives one slot back. Does nothing and returns false if `remote` (port included)
  /// holds none.
  bool release(const endpoint& remote);

  const connection_limits& limits() const { return limits_; }
  std::size_t size() const { return taken_.size(); }
  std::size_t with_ip_of(const endpoint& remote) const;
  std::size_t in_subnet_of(const endpoint& remote) const;

private:
  std::size_t members_of(const subnet& range) const;
  void remove_from(const subnet& range);

  connection_limits limits_;
  // Ordered containers: strangers choose these keys, and could choose colliding ones.
  std::multiset<endpoint> taken_;
  std::map<subnet, std::size_t> members_; ///< Of hosts and subnets; never 0.
};

} // namespace peerage
