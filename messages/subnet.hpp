// SPDX-License-Identifier: MIT
#pragma once

#include "messages/endpoint.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace peerage {

/// A range of addresses in canonical form: bits behind the prefix are zero, and IPv4 is
/// kept as the IPv6 range it maps to, so 1.2.3.0/24 has a `prefix_length` of 120.
struct subnet {
  std::array<std::uint8_t, 16> ip{};
  std::uint8_t prefix_length = 128; ///< In bits, of the 128-bit form.
  std::uint32_t zone = 0;           ///< Of link-local addresses; 0: on every link.

  friend auto operator<=>(const subnet&, const subnet&) = default;

  bool is_ipv4() const;
  /// A range of one family never contains addresses of the other: ::/0 is all of IPv6,
  /// though IPv4 lies in it in its form here.
  bool contains(const endpoint& x) const;
  bool contains(const subnet& x) const;
  /// Its lowest address, with port 0.
  endpoint first() const { return {ip, 0, zone}; }
};

/// The range of `prefix_length` bits (of 128) that `x` lies in.
subnet subnet_of(const endpoint& x, std::uint8_t prefix_length);

/// One address alone.
subnet host_of(const endpoint& x);

/// The range in which one operator easily has many addresses: the /24 of IPv4, the /64 of
/// IPv6. Caps on connections count by it.
subnet cap_subnet_of(const endpoint& x);

/// A range of which one operator hardly has many: the /16 of IPv4, the /32 of IPv6, as
/// Bitcoin nodes group addresses. The address book's buckets and outbound diversity count
/// by it.
subnet address_group_of(const endpoint& x);

/// "1.2.3.0/24" or "2001:db8::/32"; always with the length.
std::string to_string(const subnet& x);

/// Reads "ADDR", "ADDR/LENGTH" or "ADDR/MASK" (as 255.255.0.0), bits behind the length
/// are cleared. IPv4-mapped IPv6 is IPv4, and there a length counts from 96 to 128, or as
/// that of IPv4: ::ffff:10.0.0.0/104 and ::ffff:10.0.0.0/8 are 10.0.0.0/8. False (and
/// `out` untouched) for anything else.
bool parse_subnet(std::string_view text, subnet& out);

/// Several ranges, written as `parse_subnet` reads them.
class subnet_list {
public:
  subnet_list(std::initializer_list<std::string_view> texts);
  /// Whether one of them contains the address.
  bool contains(const endpoint& x) const;

private:
  std::vector<subnet> ranges_;
};

/// An address that the public network can reach: none of the private, loopback,
/// link-local, shared, documentation, benchmark, multicast and reserved ranges
/// (RFCs 1918, 2544, 3849, 3927, 4193, 4291, 4843, 5737, 6598, 6890, 7343), and a port.
bool is_routable(const endpoint& x);

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, subnet& x) {
  return f(caf::meta::type_name("peerage.subnet"), x.ip, x.prefix_length, x.zone);
}

} // namespace peerage

template <>
struct std::hash<peerage::subnet> {
  std::size_t operator()(const peerage::subnet& x) const noexcept {
    return std::hash<peerage::endpoint>{}({x.ip, x.prefix_length, x.zone});
  }
};
