// SPDX-License-Identifier: MIT
#pragma once

#include "messages/endpoint.hpp"
#include "messages/wire/addresses.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <optional>

namespace peerage {

/// The identity of an address: network, address, port. Made from canonical addresses
/// only, so that one address has one key (invariant I13). Without padding, hence all
/// bytes: it can be hashed as it lies in memory.
struct address_key {
  std::uint8_t network_id = 0;          ///< See `wire::address_network`; 0 is no network.
  std::array<std::uint8_t, 32> bytes{}; ///< Zeros behind shorter addresses.
  std::array<std::uint8_t, 2> port{};   ///< Big-endian.

  friend auto operator<=>(const address_key&, const address_key&) = default;
};

/// The one form of `x`: IPv4-mapped IPv6 becomes IPv4, all else stays. Empty if it has
/// none (`shape_fault_of`). Does not judge whether it can be reached or should be stored.
std::optional<wire::network_address> canonical(wire::network_address x);

/// Requires an address that is canonical.
address_key key_of(const wire::network_address& x);
address_key key_of(const endpoint& x);

/// The endpoint to dial, of IPv4 and IPv6; empty for the others.
std::optional<endpoint> to_endpoint(const wire::network_address& x);

/// The key of the addresses that one operator hardly has many of, and that therefore
/// share places in the table: the /16 of IPv4 and the /32 of IPv6 (`address_group_of`);
/// of Tor and I2P, where addresses cost nothing, one sixteenth of the network, as of
/// CJDNS behind its constant first byte (as Bitcoin Core groups them,
/// `NetGroupManager::GetGroup`).
///
/// A loopback address is its own group: on one machine a hundred nodes have one address,
/// and where strangers could gain by that, loopback addresses are not stored.
address_key group_of(const wire::network_address& x);
address_key group_of(const endpoint& x);

} // namespace peerage
