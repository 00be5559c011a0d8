// SPDX-License-Identifier: MIT
#include "messages/subnet.hpp"

#include <algorithm>
#include <charconv>

namespace peerage {

namespace {

constexpr std::uint8_t mapped_bits = 96; ///< In front of an IPv4 address.
constexpr std::uint8_t link_local_bits = 10;

void clear_behind(std::array<std::uint8_t, 16>& ip, std::uint8_t prefix_length) {
  for (std::size_t i = 0; i < ip.size(); ++i) {
    auto kept =
      std::clamp(static_cast<int>(prefix_length) - static_cast<int>(8 * i), 0, 8);
    ip[i] = static_cast<std::uint8_t>(ip[i] & (0xff00 >> kept));
  }
}

/// An address without a port, and without the brackets that belong to ports.
bool parse_host(std::string_view text, endpoint& out) {
  return !text.starts_with('[') && std::ranges::count(text, ':') != 1 &&
         parse_endpoint(text, 1, out);
}

bool parse_length(std::string_view digits, unsigned& out) {
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  return error == std::errc{} && end == digits.data() + digits.size();
}

/// "255.255.0.0" is 16: ones, then zeros.
bool parse_mask(std::string_view text, bool& ipv4, unsigned& out) {
  endpoint mask;
  if (!parse_host(text, mask))
    return false;
  ipv4 = mask.is_ipv4();
  out = 0;
  bool ended = false;
  for (std::size_t bit = ipv4 ? mapped_bits : 0; bit < 128; ++bit) {
    const bool one = mask.ip[bit / 8] & (0x80 >> (bit % 8));
    if (one && ended)
      return false;
    ended = !one;
    out += one ? 1 : 0;
  }
  return true;
}

/// Reads the part behind the slash; `ip` is the part in front of it, as written.
bool parse_prefix(std::string_view text, std::string_view ip, bool ipv4, unsigned& out) {
  const bool mapped = ipv4 && ip.find(':') != ip.npos;
  bool ipv4_mask = ipv4;
  if (!parse_length(text, out) &&
      (!parse_mask(text, ipv4_mask, out) ||
       (ipv4_mask != ipv4 && !(mapped && out >= mapped_bits))))
    return false;
  if (mapped && out >= mapped_bits)
    out -= mapped_bits;
  return out <= (ipv4 ? 32u : 128u);
}

} // namespace

bool subnet::is_ipv4() const {
  return prefix_length >= mapped_bits && endpoint{ip, 0}.is_ipv4();
}

bool subnet::contains(const endpoint& x) const {
  return x.is_ipv4() == is_ipv4() && (zone == 0 || zone == x.zone) &&
         subnet_of(x, prefix_length).ip == ip;
}

bool subnet::contains(const subnet& x) const {
  // A range that contains the first address of another one, with a shorter prefix,
  // contains all of it, if both are of one family.
  return x.prefix_length >= prefix_length && x.is_ipv4() == is_ipv4() &&
         contains(x.first());
}

subnet subnet_of(const endpoint& x, std::uint8_t prefix_length) {
  subnet result{x.ip, std::min<std::uint8_t>(prefix_length, 128), x.zone};
  clear_behind(result.ip, result.prefix_length);
  return result;
}

subnet host_of(const endpoint& x) {
  return subnet_of(x, 128);
}

subnet cap_subnet_of(const endpoint& x) {
  return subnet_of(x, x.is_ipv4() ? mapped_bits + 24 : 64);
}

subnet address_group_of(const endpoint& x) {
  return subnet_of(x, x.is_ipv4() ? mapped_bits + 16 : 32);
}

std::string to_string(const subnet& x) {
  auto length = x.is_ipv4() ? x.prefix_length - mapped_bits : x.prefix_length;
  return ip_to_string(x.first()) + "/" + std::to_string(length);
}

bool parse_subnet(std::string_view text, subnet& out) {
  const auto slash = text.find('/');
  const auto host = text.substr(0, slash);
  endpoint ip;
  if (!parse_host(host, ip))
    return false;
  const unsigned longest = ip.is_ipv4() ? 32 : 128;
  unsigned length = longest;
  if (slash != std::string_view::npos &&
      !parse_prefix(text.substr(slash + 1), host, ip.is_ipv4(), length))
    return false;
  if (ip.zone != 0 && length < link_local_bits)
    return false;
  out = subnet_of(ip, static_cast<std::uint8_t>(length + 128 - longest));
  return true;
}

subnet_list::subnet_list(std::initializer_list<std::string_view> texts) {
  for (auto text : texts)
    parse_subnet(text, ranges_.emplace_back());
}

bool subnet_list::contains(const endpoint& x) const {
  return std::ranges::any_of(ranges_, [&](const subnet& y) { return y.contains(x); });
}

bool is_routable(const endpoint& x) {
  static const subnet_list reserved_ipv4{
    "0.0.0.0/8",      "10.0.0.0/8",     "100.64.0.0/10", "127.0.0.0/8",
    "169.254.0.0/16", "172.16.0.0/12",  "192.0.0.0/24",  "192.0.2.0/24",
    "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
    "203.0.113.0/24", "224.0.0.0/3"};
  // Of IPv6 only global unicast, without the ranges set aside inside of it. The OnionCat
  // range, an old disguise of Tor addresses, lies in fc00::/7.
  static const subnet_list global_ipv6{"2000::/3"};
  static const subnet_list reserved_ipv6{"2001::/32",    "2001:2::/48",   "2001:10::/28",
                                         "2001:20::/28", "2001:db8::/32", "2002::/16"};
  if (x.port == 0)
    return false;
  if (x.is_ipv4())
    return !reserved_ipv4.contains(x);
  return global_ipv6.contains(x) && !reserved_ipv6.contains(x);
}

} // namespace peerage
