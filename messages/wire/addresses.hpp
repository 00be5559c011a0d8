// SPDX-License-Identifier: MIT
#pragma once

#include "messages/wire/messages.hpp"

#include <algorithm>
#include <optional>

/// The two forms of an address on the wire, addr and addrv2, made into each other.
namespace peerage::wire {

enum address_network : std::uint8_t {
  ipv4_network = 1,
  ipv6_network = 2,
  tor_v3_network = 4,
  i2p_network = 5,
  cjdns_network = 6,
};

/// Bytes of an address; 0 for all networks but the above. That includes Tor v2, which no
/// longer exists: BIP 155 wants its addresses ignored.
constexpr std::size_t address_length(std::uint8_t network_id) {
  switch (network_id) {
  case ipv4_network: return 4;
  case ipv6_network:
  case cjdns_network: return 16;
  case tor_v3_network:
  case i2p_network: return 32;
  default: return 0;
  }
}

inline constexpr std::array<std::uint8_t, 12> ipv4_mapped_prefix{0, 0, 0, 0, 0,    0,
                                                                 0, 0, 0, 0, 0xff, 0xff};

/// The BIP 155 form of an entry of addr.
inline network_address to_network_address(const timed_address& x) {
  network_address result{x.time, x.address.services, ipv6_network, {}, x.address.port};
  const auto& ip = x.address.ip;
  const bool mapped =
    std::equal(ipv4_mapped_prefix.begin(), ipv4_mapped_prefix.end(), ip.begin());
  result.network_id = mapped ? ipv4_network : ipv6_network;
  result.bytes.assign(ip.begin() + (mapped ? 12 : 0), ip.end());
  return result;
}

/// The form for peers without addrv2; empty for networks that it cannot express, or bytes
/// of the wrong length for their network.
inline std::optional<timed_address> to_timed_address(const network_address& x) {
  timed_address result{x.time, {x.services, {}, x.port}};
  auto& ip = result.address.ip;
  if (x.network_id == ipv4_network && x.bytes.size() == 4) {
    std::ranges::copy(ipv4_mapped_prefix, ip.begin());
    std::ranges::copy(x.bytes, ip.begin() + 12);
  } else if (x.network_id == ipv6_network && x.bytes.size() == 16) {
    std::ranges::copy(x.bytes, ip.begin());
  } else {
    return std::nullopt;
  }
  return result;
}

} // namespace peerage::wire
