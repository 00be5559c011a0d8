// SPDX-License-Identifier: MIT
#include "messages/dial_reach.hpp"

#include "messages/subnet.hpp"

namespace peerage {

bool names_host(const endpoint& x) {
  static const subnet_list nobody{"0.0.0.0/8", "224.0.0.0/3", "::/128", "ff00::/8"};
  return x.port != 0 && !nobody.contains(x);
}

bool is_within(dial_reach reach, const endpoint& x) {
  static const subnet_list homes{"10.0.0.0/8",     "172.16.0.0/12", "192.168.0.0/16",
                                 "169.254.0.0/16", "100.64.0.0/10", "198.18.0.0/15",
                                 "fc00::/7",       "fe80::/10"};
  if (!names_host(x))
    return false;
  if (reach == dial_reach::everywhere || x.is_loopback())
    return true;
  return reach == dial_reach::home && homes.contains(x);
}

std::string_view reach_problem(dial_reach reach, const endpoint& x) {
  if (!names_host(x))
    return "it names no single host";
  if (is_within(reach, x))
    return {};
  return reach == dial_reach::home
           ? "it is no loopback or private address, and a regtest node dials no others "
             "without --allow-public"
           : "it is no loopback address, and this node dials no others";
}

} // namespace peerage
