// SPDX-License-Identifier: MIT
#include "messages/snapshots.hpp"

#include <chrono>

namespace peerage {

namespace {

using nlohmann::json;

double seconds(caf::timespan x) {
  return std::chrono::duration<double>(x).count();
}

/// Unknown times are null, not 1970.
json optional_number(double x) {
  return x > 0 ? json(x) : json(nullptr);
}

template <std::size_t N, class Name>
json nonzero_counts(const std::array<std::uint64_t, N>& counts, Name name) {
  auto result = json::object();
  for (std::size_t i = 0; i < N; ++i)
    if (counts[i] > 0)
      result[std::string(name(i))] = counts[i];
  return result;
}

json exit_counts(const std::array<std::uint64_t, peer_exit_count + 1>& counts) {
  return nonzero_counts(
    counts, [](std::size_t i) { return to_string(static_cast<peer_exit>(i)); });
}

json request_counts(const std::array<std::uint64_t, request_kind_count>& counts) {
  return nonzero_counts(
    counts, [](std::size_t i) { return to_string(static_cast<request_kind>(i)); });
}

} // namespace

std::string sanitised(const std::string& user_agent) {
  static constexpr std::string_view allowed = " .,;-_/:?@()";
  std::string result;
  for (char c : user_agent)
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
        allowed.find(c) != std::string_view::npos)
      result += c;
  return result;
}

std::string_view connection_type(const peer_snapshot& x) {
  if (x.info.direction == peer_direction::inbound)
    return "inbound";
  if (x.feeler)
    return "feeler";
  return x.manual ? "manual" : "outbound-full-relay";
}

json to_json(const peer_snapshot& x) {
  return {
    {"id", x.info.id},
    {"address", to_string(x.info.remote)},
    {"local_address", to_string(x.info.local)},
    {"direction", to_string(x.info.direction)},
    {"connection_type", connection_type(x)},
    {"state", x.ready ? "ready" : "unready"},
    {"user_agent", sanitised(x.info.user_agent)},
    {"protocol_version", x.info.remote_protocol},
    {"services", x.info.services},
    {"start_height", x.info.start_height},
    {"relay", x.info.relay},
    {"wtxidrelay", x.info.wtxidrelay},
    {"addrv2", x.info.addrv2},
    {"time_offset", x.info.time_offset},
    {"handshake_duration", seconds(x.info.handshake)},
    {"connected_since", x.connected_since},
    {"last_received", optional_number(x.last_received)},
    {"last_sent", optional_number(x.last_sent)},
    {"last_block", optional_number(x.last_block)},
    {"last_transaction", optional_number(x.last_transaction)},
    {"ping", optional_number(seconds(x.last_ping))},
    {"lowest_ping", optional_number(seconds(x.lowest_ping))},
    {"bytes_received", x.traffic.bytes_received},
    {"bytes_sent", x.traffic.bytes_sent},
    {"messages_received", x.traffic.messages_received},
    {"messages_sent", x.traffic.messages_sent},
    {"ignored",
     nonzero_counts(x.traffic.ignored,
                    [](std::size_t i) { return to_string(static_cast<ignored>(i)); })},
    {"requests_in_flight", x.requests_in_flight},
    {"requests_queued", x.requests_queued},
    {"inbound_backlog", x.inbound_backlog},
    {"unsent_bytes", x.unsent_bytes},
    {"reading_paused", x.reading_paused},
  };
}

json to_json(const peer_snapshots& x) {
  auto result = json::array();
  for (const auto& entry : x.entries)
    result.push_back(to_json(entry));
  return result;
}

json to_json(const node_snapshot& x) {
  return {
    {"node",
     {{"name", "peerage"},
      {"version", x.version},
      {"user_agent", x.user_agent},
      {"pid", x.pid},
      {"uptime", x.uptime},
      {"listening", x.listening}}},
    {"network", x.network},
    {"network_active", x.network_active},
    {"peers",
     {{"total", x.peers.total},
      {"ready", x.peers.ready},
      {"unready", x.peers.unready},
      {"inbound", x.peers.inbound},
      {"outbound", x.peers.outbound}}},
    {"dialing", x.dials_in_flight},
    {"handshaking", x.handshakes_in_flight},
    {"address_book", {{"total", x.known_addresses}, {"tried", x.tried_addresses}}},
    {"bans", x.bans},
    {"traffic", {{"bytes_received", x.bytes_received}, {"bytes_sent", x.bytes_sent}}},
    {"actors", x.actors},
    {"outbound_requests", request_counts(x.peers.outbound_requests)},
    {"exits", exit_counts(x.peers.exits)},
    {"failures", exit_counts(x.failures)},
    {"events", {{"first", x.first_event}, {"next", x.next_event}}},
  };
}

} // namespace peerage
