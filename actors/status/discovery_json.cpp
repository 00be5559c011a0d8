#include "actors/status/discovery_json.hpp"

#include "messages/network_names.hpp"
#include "messages/wire/addresses.hpp"

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

json to_json(const known_address_list& x) {
  auto result = json::array();
  for (const auto& entry : x.entries)
    result.push_back({
      {"address", address_text(entry.address)},
      {"network", network_name(entry.address.network_id)},
      {"services", entry.address.services},
      {"last_seen", time_or_null(entry.address.time)},
      {"state", entry.state},
      {"tried", entry.tried},
      {"source", entry.source ? json(to_string(*entry.source)) : json{}},
      {"last_attempt", time_or_null(entry.last_attempt)},
      {"last_success", time_or_null(entry.last_success)},
      {"failures", entry.failures},
    });
  return result;
}

json to_json(const bans& x) {
  auto result = json::array();
  for (const auto& entry : x.entries)
    result.push_back({
      {"range", to_string(entry.range)},
      {"created", entry.created},
      {"until", entry.until},
      {"reason", reason_of(entry)},
    });
  return result;
}

} // namespace peerage
