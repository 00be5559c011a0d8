#include "actors/status/discovery_json.hpp"

#include "messages/wire/addresses.hpp"

namespace peerage {

namespace {

using nlohmann::json;

std::string_view network_name(std::uint8_t id) {
  switch (id) {
  case wire::ipv4_network: return "ipv4";
  case wire::ipv6_network: return "ipv6";
  case wire::tor_v3_network: return "onion";
  case wire::i2p_network: return "i2p";
  case wire::cjdns_network: return "cjdns";
  default: return "unknown";
  }
}

/// "ADDR:PORT", or hex for what has no such form.
std::string address_text(const wire::network_address& x) {
  if (auto timed = wire::to_timed_address(x))
    return to_string(to_endpoint(timed->address));
  return wire::to_hex(std::as_bytes(std::span(x.bytes))) + ":" + std::to_string(x.port);
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
