#pragma once

#include "messages/wire/messages.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace peerage {

/// An IP address and a TCP port in canonical form (invariant I13): IPv4 is kept as the
/// IPv6 address it maps to, so an address has one form however it was written or
/// received.
struct endpoint {
  std::array<std::uint8_t, 16> ip{};
  std::uint16_t port = 0;

  friend auto operator<=>(const endpoint&, const endpoint&) = default;

  bool is_ipv4() const;
  bool is_loopback() const;
  /// The same with another port.
  endpoint with_port(std::uint16_t other) const { return {ip, other}; }
};

/// "1.2.3.4:8333" or "[2001:db8::1]:8333".
std::string to_string(const endpoint& x);

/// Only the address part of that.
std::string ip_to_string(const endpoint& x);

/// An IPv4 endpoint from its four numbers.
endpoint ipv4_endpoint(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d,
                       std::uint16_t port);

/// Reads "ADDR:PORT", "[ADDR]:PORT", or an address alone if `default_port` is not 0.
/// False (and `out` untouched) for anything else; names are not resolved.
bool parse_endpoint(std::string_view text, std::uint16_t default_port, endpoint& out);

/// The endpoint in a version or addr message.
inline endpoint to_endpoint(const wire::socket_address& x) {
  return {x.ip, x.port};
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, endpoint& x) {
  return f(caf::meta::type_name("peerage.endpoint"), x.ip, x.port);
}

} // namespace peerage

template <>
struct std::hash<peerage::endpoint> {
  std::size_t operator()(const peerage::endpoint& x) const noexcept {
    std::uint64_t high, low;
    std::memcpy(&high, x.ip.data(), 8);
    std::memcpy(&low, x.ip.data() + 8, 8);
    auto mixed = (high ^ (low * 0x9e3779b97f4a7c15u)) + x.port;
    return static_cast<std::size_t>((mixed ^ (mixed >> 29)) * 0xbf58476d1ce4e5b9u);
  }
};
