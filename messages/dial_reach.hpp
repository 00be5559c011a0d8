// SPDX-License-Identifier: MIT
#pragma once

#include "messages/endpoint.hpp"

#include <cstdint>
#include <string_view>

namespace peerage {

/// How far a node goes: the addresses that it dials and, of those that others told it,
/// tells on. Explicit wishes of people do not go beyond it.
enum class dial_reach : std::uint8_t {
  loopback, ///< This machine alone: for tests, and nodes that play a crowd.
  /// And private networks: 10/8, 172.16/12, 192.168/16 (RFC 1918), fc00::/7 (RFC 4193),
  /// the link-local ranges (RFCs 3927, 4291), 100.64/10 (RFC 6598, which overlay networks
  /// and container platforms use) and 198.18/15 (RFC 2544, test laboratories). None of
  /// them has a route in the public internet. Documentation addresses are not among them,
  /// for no host has one; nor are 6to4, Teredo and NAT64, which lead to public hosts.
  home,
  everywhere, ///< And all other addresses of hosts.
};

/// Whether an address and its port can be those of one host: not unspecified (0.0.0.0/8,
/// ::), multicast or reserved (224.0.0.0/3, ff00::/8), nor port 0. A connection to
/// 0.0.0.0 or :: would reach this machine.
bool names_host(const endpoint& x);

/// Whether a node with this reach may dial the address; it names a host then.
bool is_within(dial_reach reach, const endpoint& x);

/// Why a node with this reach does not dial the address, as a clause for people: "it …";
/// empty if it may.
std::string_view reach_problem(dial_reach reach, const endpoint& x);

} // namespace peerage
