// SPDX-License-Identifier: MIT
#include "messages/events.hpp"

#include <algorithm>
#include <array>

namespace peerage {

namespace {

using nlohmann::json;

constexpr std::array<std::string_view, event_type_count> type_names{
  "node_started", "node_stopping",       "network_active_changed", "dial_started",
  "dial_failed",  "connection_accepted", "connection_refused",     "handshake_failed",
  "peer_ready",   "peer_left",           "misbehaviour",           "ban_added",
  "ban_lifted",   "addresses_learned",   "block_announced",
};
static_assert(static_cast<std::size_t>(event_type::block_announced) + 1 ==
              event_type_count);

bool has_direction(event_type x) {
  return x >= event_type::dial_started && x <= event_type::peer_left;
}

} // namespace

std::string_view to_string(event_type x) {
  return type_names[static_cast<std::size_t>(x)];
}

std::optional<event_type> parse_event_type(std::string_view text) {
  auto found = std::ranges::find(type_names, text);
  if (found == type_names.end())
    return std::nullopt;
  return static_cast<event_type>(found - type_names.begin());
}

std::string_view to_string(initiator x) {
  switch (x) {
  case initiator::unknown: return "unknown";
  case initiator::node: return "node";
  case initiator::remote: return "remote";
  case initiator::user: return "user";
  case initiator::discovery: return "discovery";
  }
  return "unknown";
}

initiator initiator_of(peer_exit x) {
  switch (x) {
  case peer_exit::remote_closed:
  case peer_exit::truncated_message:
  case peer_exit::socket_error:
  case peer_exit::connect_refused: return initiator::remote;
  case peer_exit::disconnect_requested:
  case peer_exit::shutting_down:
  case peer_exit::network_inactive: return initiator::user;
  case peer_exit::feeler_done:
  case peer_exit::lacks_services: return initiator::discovery;
  default: return initiator::node;
  }
}

json to_json(const event& x) {
  json result{{"seq", x.seq}, {"time", x.time}, {"type", to_string(x.type)}};
  if (x.peer != 0)
    result["peer"] = x.peer;
  if (x.address.port != 0)
    result["address"] = to_string(x.address);
  if (has_direction(x.type))
    result["direction"] = to_string(x.direction);
  if (!x.range.empty())
    result["range"] = x.range;
  if (!x.reason.empty())
    result["reason"] = x.reason;
  if (x.started_by != initiator::unknown)
    result["started_by"] = to_string(x.started_by);
  if (!x.evidence.empty())
    result["evidence"] = x.evidence;
  if (x.deadline > 0)
    result["deadline"] = x.deadline;
  if (x.score_before >= 0)
    result["score_before"] = x.score_before;
  if (x.score_after >= 0)
    result["score_after"] = x.score_after;
  if (!x.user_agent.empty())
    result["user_agent"] = x.user_agent;
  if (!x.hash.is_zero())
    result["hash"] = wire::to_string(x.hash);
  if (x.count > 0)
    result["count"] = x.count;
  return result;
}

bool event_filter::accepts(const event& x) const {
  if ((types & bit_of(x.type)) == 0 || (peer != 0 && peer != x.peer) ||
      (!reason.empty() && reason != x.reason))
    return false;
  if (address.ip == endpoint{}.ip)
    return true;
  return address.ip == x.address.ip &&
         (address.zone == 0 || address.zone == x.address.zone) &&
         (address.port == 0 || address.port == x.address.port);
}

} // namespace peerage
