// SPDX-License-Identifier: MIT
#include "actors/transport/own_addresses.hpp"

#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>

namespace peerage {

namespace {

std::optional<endpoint> endpoint_of(const sockaddr* x, std::uint16_t port) {
  if (x != nullptr && x->sa_family == AF_INET) {
    sockaddr_in ipv4;
    std::memcpy(&ipv4, x, sizeof ipv4);
    std::array<std::uint8_t, 4> ip;
    std::memcpy(ip.data(), &ipv4.sin_addr, ip.size());
    return ipv4_endpoint(ip[0], ip[1], ip[2], ip[3], port);
  }
  if (x != nullptr && x->sa_family == AF_INET6) {
    sockaddr_in6 ipv6;
    std::memcpy(&ipv6, x, sizeof ipv6);
    endpoint result{{}, port};
    std::memcpy(result.ip.data(), &ipv6.sin6_addr, result.ip.size());
    if (result.is_link_local())
      result.zone = ipv6.sin6_scope_id;
    return result;
  }
  return std::nullopt;
}

} // namespace

std::vector<endpoint> own_addresses(const endpoint& bound) {
  std::vector<endpoint> result{bound};
  const bool every_ipv4 = bound.ip == ipv4_endpoint(0, 0, 0, 0, 0).ip;
  if (!every_ipv4 && bound.ip != endpoint{}.ip)
    return result;
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0)
    return result;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> all{first, &::freeifaddrs};
  for (const auto* x = all.get(); x != nullptr; x = x->ifa_next)
    if (auto found = endpoint_of(x->ifa_addr, bound.port))
      if (found->is_ipv4() == every_ipv4 && std::ranges::count(result, *found) == 0)
        result.push_back(*found);
  return result;
}

} // namespace peerage
