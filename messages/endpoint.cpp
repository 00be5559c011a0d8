// SPDX-License-Identifier: MIT
#include "messages/endpoint.hpp"

#include <arpa/inet.h>
#include <net/if.h>

#include <algorithm>
#include <charconv>

namespace peerage {

namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0,    0,
                                                     0, 0, 0, 0, 0xff, 0xff};

bool parse_port(std::string_view text, std::uint16_t& out) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

bool parse_ip(const std::string& text, std::array<std::uint8_t, 16>& out) {
  if (text.find('\0') != text.npos) // inet_pton would read only the text before it
    return false;
  if (inet_pton(AF_INET6, text.c_str(), out.data()) == 1)
    return true;
  std::ranges::copy(mapped_prefix, out.begin());
  return inet_pton(AF_INET, text.c_str(), out.data() + 12) == 1;
}

/// An interface of this machine, by name or by number; 0 if there is none.
std::uint32_t interface_index(const std::string& zone) {
  if (zone.empty() || zone.size() >= IF_NAMESIZE || zone.find('\0') != zone.npos)
    return 0;
  if (const auto index = if_nametoindex(zone.c_str()); index != 0)
    return index;
  std::uint32_t number = 0;
  const auto* last = zone.data() + zone.size();
  auto [end, error] = std::from_chars(zone.data(), last, number);
  char name[IF_NAMESIZE];
  return error == std::errc{} && end == last && if_indextoname(number, name) ? number : 0;
}

/// "fe80::1%eth0", or an address without a zone.
bool parse_zoned_ip(const std::string& text, endpoint& out) {
  const auto percent = text.find('%');
  if (percent == text.npos)
    return parse_ip(text, out.ip);
  if (!parse_ip(text.substr(0, percent), out.ip) || !out.is_link_local())
    return false;
  out.zone = interface_index(text.substr(percent + 1));
  return out.zone != 0;
}

std::string zone_name(std::uint32_t zone) {
  char name[IF_NAMESIZE];
  return if_indextoname(zone, name) ? name : std::to_string(zone);
}

} // namespace

bool endpoint::is_ipv4() const {
  return std::equal(mapped_prefix.begin(), mapped_prefix.end(), ip.begin());
}

bool endpoint::is_loopback() const {
  if (is_ipv4())
    return ip[12] == 127;
  return std::all_of(ip.begin(), ip.end() - 1, [](auto x) { return x == 0; }) &&
         ip[15] == 1;
}

bool endpoint::is_link_local() const {
  return ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80;
}

std::string ip_to_string(const endpoint& x) {
  char buffer[INET6_ADDRSTRLEN];
  if (x.is_ipv4())
    inet_ntop(AF_INET, x.ip.data() + 12, buffer, sizeof buffer);
  else
    inet_ntop(AF_INET6, x.ip.data(), buffer, sizeof buffer);
  return x.zone == 0 ? buffer : buffer + ("%" + zone_name(x.zone));
}

std::string to_string(const endpoint& x) {
  auto ip = ip_to_string(x);
  return (x.is_ipv4() ? ip : "[" + ip + "]") + ":" + std::to_string(x.port);
}

endpoint ipv4_endpoint(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d,
                       std::uint16_t port) {
  endpoint result;
  std::ranges::copy(mapped_prefix, result.ip.begin());
  result.ip[12] = a;
  result.ip[13] = b;
  result.ip[14] = c;
  result.ip[15] = d;
  result.port = port;
  return result;
}

bool parse_endpoint(std::string_view text, std::uint16_t default_port, endpoint& out) {
  endpoint result;
  std::string ip;
  std::string_view port;
  if (text.starts_with('[')) {
    auto end = text.find(']');
    if (end == std::string_view::npos)
      return false;
    ip = text.substr(1, end - 1);
    auto rest = text.substr(end + 1);
    if (!rest.empty() && rest.front() != ':')
      return false;
    port = rest.empty() ? rest : rest.substr(1);
    if (rest.size() == 1)
      return false;
  } else if (auto colon = text.find(':');
             colon != std::string_view::npos && colon == text.rfind(':')) {
    ip = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (port.empty())
      return false;
  } else {
    ip = text; // an IPv4 address, or a bare IPv6 one
  }
  if (port.empty() && default_port == 0)
    return false;
  result.port = default_port;
  if (!port.empty() && !parse_port(port, result.port))
    return false;
  if (!parse_zoned_ip(ip, result))
    return false;
  out = result;
  return true;
}

std::string zone_problem(std::string_view text) {
  const auto percent = text.find('%');
  if (percent == text.npos)
    return {};
  if (text.starts_with('['))
    text.remove_prefix(1);
  endpoint address;
  const auto sign = text.find('%');
  if (!parse_ip(std::string(text.substr(0, sign)), address.ip))
    return {};
  if (!address.is_link_local())
    return "only link-local addresses (fe80::/10) have a zone";
  const std::string zone{
    text.substr(sign + 1, text.find_first_of("]/", sign) - sign - 1)};
  return interface_index(zone) != 0 ? std::string{}
                                    : "this machine has no interface '" + zone + "'";
}

} // namespace peerage
