// SPDX-License-Identifier: MIT
#include "actors/transport/own_addresses.hpp"

#include "actors/transport/socket_address.hpp"

#include <ifaddrs.h>

#include <algorithm>
#include <memory>

namespace peerage {

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
    if (auto found = endpoint_of(x->ifa_addr))
      if (const auto here = found->with_port(bound.port);
          here.is_ipv4() == every_ipv4 && std::ranges::count(result, here) == 0)
        result.push_back(here);
  return result;
}

} // namespace peerage
