// SPDX-License-Identifier: MIT
#include "actors/status/http/host_check.hpp"

#include <boost/beast/core/string.hpp>

namespace peerage {

bool host_allowed(std::string_view host, const endpoint& bound) {
  if (boost::beast::iequals({host.data(), host.size()}, "localhost"))
    return true;
  constexpr std::string_view with_port = "localhost:";
  if (host.size() > with_port.size() &&
      boost::beast::iequals({host.data(), with_port.size()}, "localhost:"))
    // The rest must be a port and nothing else; the address parser checks that.
    return host_allowed("127.0.0.1:" + std::string(host.substr(with_port.size())), bound);
  endpoint named;
  return parse_endpoint(host, 80, named) && (named.is_loopback() || named.ip == bound.ip);
}

} // namespace peerage
