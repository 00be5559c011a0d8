// SPDX-License-Identifier: MIT
#pragma once

#include "messages/wire/messages.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace peerage {

/// An IP address and a TCP port in canonical form (invariant I13): IPv4 is kept as the
/// IPv6 address it maps to, so an address has one form however it is written or received.
///
/// A link-local address means another host on each link, so the link is a part of it: the
/// zone (RFC 4007). The zone has a meaning on this machine alone, and is told to no peer.
struct endpoint {
  std::array<std::uint8_t, 16> ip{};
  std::uint16_t port = 0;
  std::uint32_t zone = 0; ///< Index of an interface, of fe80::/10 only; 0: none is given.

  friend auto operator<=>(const endpoint&, const endpoint&) = default;

  bool is_ipv4() const;
  bool is_loopback() const;
  /// In fe80::/10.
  bool is_link_local() const;
  /// The same with another port.
  endpoint with_port(std::uint16_t other) const { return {ip, other, zone}; }
};

/// "1.2.3.4:8333", "[2001:db8::1]:8333" or "[fe80::1%eth0]:8333".
std::string to_string(const endpoint& x);

/// The address part of that alone.
std::string ip_to_string(const endpoint& x);

/// An IPv4 endpoint from its four numbers.
endpoint ipv4_endpoint(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d,
                       std::uint16_t port);

/// Reads "ADDR:PORT", "[ADDR]:PORT", or an address alone if `default_port` is not 0. A
/// link-local address may have a zone, "fe80::1%eth0" or "fe80::1%2": an interface that
/// this machine has. False (and `out` untouched) for anything else; names are not
/// resolved.
bool parse_endpoint(std::string_view text, std::uint16_t default_port, endpoint& out);

/// The fault of the zone in an address or range that could not be read, as a sentence for
/// people; empty if it has none, or the zone is not to blame.
std::string zone_problem(std::string_view text);

/// The endpoint in a version or addr message; these know no zones.
inline endpoint to_endpoint(const wire::socket_address& x) {
  return {x.ip, x.port, 0};
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, endpoint& x) {
  return f(caf::meta::type_name("peerage.endpoint"), x.ip, x.port, x.zone);
}

} // namespace peerage

template <>
struct std::hash<peerage::endpoint> {
  std::size_t operator()(const peerage::endpoint& x) const noexcept {
    std::uint64_t high, low;
    std::memcpy(&high, x.ip.data(), 8);
    std::memcpy(&low, x.ip.data() + 8, 8);
    auto mixed =
      (high ^ (low * 0x9e3779b97f4a7c15u)) + x.port + (std::uint64_t{x.zone} << 16);
    return static_cast<std::size_t>((mixed ^ (mixed >> 29)) * 0xbf58476d1ce4e5b9u);
  }
};
