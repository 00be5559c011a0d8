// SPDX-License-Identifier: MIT
#include "messages/known_address.hpp"

#include "messages/network_names.hpp"
#include "messages/wire/addresses.hpp"

#include <nlohmann/json.hpp>

namespace peerage {

namespace {

using nlohmann::json;

std::string address_text(const wire::network_address& x) {
  if (auto timed = wire::to_timed_address(x))
    return to_string(to_endpoint(timed->address)); // IPv6 in brackets
  return host_text(x) + ":" + std::to_string(x.port);
}

json time_or_null(unix_seconds x) {
  return x == 0 ? json{} : json(x);
}

} // namespace

json to_json(const known_address& x) {
  return {
    {"address", address_text(x.address)},
    {"network", network_name(x.address.network_id)},
    {"services", x.address.services},
    {"last_seen", time_or_null(x.address.time)},
    {"state", x.state},
    {"tried", x.tried},
    {"source", x.source ? json(to_string(*x.source)) : json{}},
    {"last_attempt", time_or_null(x.last_attempt)},
    {"last_success", time_or_null(x.last_success)},
    {"failures", x.failures},
  };
}

} // namespace peerage
