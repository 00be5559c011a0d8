// SPDX-License-Identifier: MIT
#include "actors/status/http/host_check.hpp"

#include <boost/beast/core/string.hpp>

#include <algorithm>

namespace peerage {

namespace {

bool is_port(std::string_view text) {
  endpoint ignored;
  return parse_endpoint("127.0.0.1:" + std::string(text), 0, ignored);
}

/// Whether a `Host` is this name, with or without a port.
bool is_called(std::string_view host, std::string_view name) {
  const auto given = host.substr(0, name.size());
  const auto rest = host.substr(given.size());
  return boost::beast::iequals({given.data(), given.size()},
                               {name.data(), name.size()}) &&
         (rest.empty() || (rest.starts_with(':') && is_port(rest.substr(1))));
}

} // namespace

bool host_allowed(std::string_view host, const endpoint& bound, const host_rules& rules) {
  auto is_meant = [host](std::string_view name) { return is_called(host, name); };
  if (is_meant("localhost") || std::ranges::any_of(rules.names, is_meant))
    return true;
  endpoint named;
  return parse_endpoint(host, 80, named) &&
         (rules.any_address || named.is_loopback() || named.ip == bound.ip);
}

bool is_host_name(std::string_view text) {
  constexpr std::size_t longest = 253; // RFC 1035
  auto is_good = [](char x) {
    return (x >= 'a' && x <= 'z') || (x >= 'A' && x <= 'Z') || (x >= '0' && x <= '9') ||
           x == '.' || x == '-' || x == '_';
  };
  endpoint address;
  return !text.empty() && text.size() <= longest && std::ranges::all_of(text, is_good) &&
         !parse_endpoint(text, 80, address);
}

} // namespace peerage
