// SPDX-License-Identifier: MIT
#include "actors/addresses/address_fault.hpp"

#include "messages/dial_reach.hpp"
#include "messages/endpoint.hpp"
#include "messages/subnet.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace peerage {

namespace {

constexpr std::array<std::uint8_t, 6> onion_cat_prefix{0xfd, 0x87, 0xd8,
                                                       0x7e, 0xeb, 0x43};
constexpr std::uint8_t cjdns_prefix = 0xfc;

bool begins_with(const std::vector<std::uint8_t>& bytes, const auto& prefix) {
  return bytes.size() >= prefix.size() &&
         std::equal(prefix.begin(), prefix.end(), bytes.begin());
}

bool is_disguised(const wire::network_address& x) {
  if (x.network_id == wire::cjdns_network)
    return x.bytes.front() != cjdns_prefix;
  return x.network_id == wire::ipv6_network &&
         (begins_with(x.bytes, wire::ipv4_mapped_prefix) ||
          begins_with(x.bytes, onion_cat_prefix));
}

} // namespace

std::optional<address_fault> shape_fault_of(const wire::network_address& x) {
  const auto length = wire::address_length(x.network_id);
  if (length == 0)
    return address_fault::unknown_network;
  if (x.bytes.size() != length)
    return address_fault::malformed;
  if (x.port == 0 && x.network_id != wire::i2p_network)
    return address_fault::malformed;
  return std::nullopt;
}

std::optional<address_fault> fault_of(const wire::network_address& x,
                                      bool allow_unroutable) {
  if (auto fault = shape_fault_of(x))
    return fault;
  if (is_disguised(x))
    return address_fault::malformed;
  const auto ip = wire::to_timed_address(x);
  if (!ip)
    return std::nullopt; // of an overlay network: all of it is routable there
  const auto where = to_endpoint(ip->address);
  // A link-local address does not say on which link it is meant.
  if (where.is_link_local() ||
      (allow_unroutable ? !names_host(where) : !is_routable(where)))
    return address_fault::unroutable;
  return std::nullopt;
}

} // namespace peerage
