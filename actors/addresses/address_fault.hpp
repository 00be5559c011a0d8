// SPDX-License-Identifier: MIT
#pragma once

#include "messages/wire/addresses.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace peerage {

/// Why an address is no good, wherever it comes from.
enum class address_fault : std::uint8_t {
  unknown_network, ///< An unknown network, or Tor v2, which no longer exists (BIP 155).
  malformed,       ///< A wrong length, no port, or another network's address in disguise.
  unroutable,      ///< Private, loopback, reserved …: of no use to the public network.
};

inline constexpr std::size_t address_fault_count = 3;

/// What keeps an address from having a canonical form: an unknown network, a length that
/// is not its network's, or port 0 (I2P alone has no ports, and uses it). Empty if
/// nothing does.
std::optional<address_fault> shape_fault_of(const wire::network_address& x);

/// Why an address should not be stored or passed on; empty if it should. Besides what
/// `shape_fault_of` says: OnionCat's addresses (fd87:d87e:eb43::/48, by BIP 155) and
/// IPv4-mapped ones (by Bitcoin Core's reading) are malformed as IPv6; those of an addr
/// message were made IPv4 before. A CJDNS address begins with fc.
std::optional<address_fault> fault_of(const wire::network_address& x,
                                      bool allow_unroutable);

} // namespace peerage
