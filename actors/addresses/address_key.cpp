// SPDX-License-Identifier: MIT
#include "actors/addresses/address_key.hpp"

#include "actors/addresses/address_fault.hpp"
#include "messages/checks/expects.hpp"
#include "messages/checks/mutant.hpp"
#include "messages/subnet.hpp"

#include <algorithm>
#include <span>
#include <type_traits>

namespace peerage {

static_assert(std::has_unique_object_representations_v<address_key>);

namespace {

bool is_mapped(const wire::network_address& x) {
  return x.network_id == wire::ipv6_network &&
         std::ranges::equal(wire::ipv4_mapped_prefix,
                            std::span{x.bytes}.first(wire::ipv4_mapped_prefix.size()));
}

address_key make_key(std::uint8_t network_id, std::span<const std::uint8_t> bytes,
                     std::uint16_t port) {
  address_key result;
  result.network_id = network_id;
  std::ranges::copy(bytes, result.bytes.begin());
  result.port = {static_cast<std::uint8_t>(port >> 8),
                 static_cast<std::uint8_t>(port & 0xff)};
  return result;
}

} // namespace

std::optional<wire::network_address> canonical(wire::network_address x) {
  if (shape_fault_of(x))
    return std::nullopt;
  if (is_mapped(x) && !is_on(mutant::ipv4_mapped_kept)) {
    x.network_id = wire::ipv4_network;
    x.bytes.erase(x.bytes.begin(), x.bytes.begin() + wire::ipv4_mapped_prefix.size());
  }
  return x;
}

address_key key_of(const wire::network_address& x) {
  PEERAGE_EXPECTS(!shape_fault_of(x) && !is_mapped(x));
  return make_key(x.network_id, x.bytes, x.port);
}

address_key key_of(const endpoint& x) {
  const std::span ip{x.ip};
  return x.is_ipv4() ? make_key(wire::ipv4_network, ip.last(4), x.port)
                     : make_key(wire::ipv6_network, ip, x.port);
}

std::optional<endpoint> to_endpoint(const wire::network_address& x) {
  if (auto address = wire::to_timed_address(x))
    return to_endpoint(address->address);
  return std::nullopt;
}

address_key group_of(const endpoint& x) {
  return key_of(x.is_loopback() ? x : address_group_of(x).first());
}

address_key group_of(const wire::network_address& x) {
  if (auto remote = to_endpoint(x))
    return group_of(*remote);
  address_key result;
  result.network_id = x.network_id;
  const std::size_t last = x.network_id == wire::cjdns_network ? 1 : 0;
  result.bytes[0] = x.bytes[0];
  result.bytes[last] = x.bytes[last] & 0xf0;
  return result;
}

} // namespace peerage
