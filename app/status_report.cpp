// SPDX-License-Identifier: MIT
#include "app/status_report.hpp"

#include "app/human_text.hpp"

#include <nlohmann/json.hpp>

namespace peerage {

namespace {

using nlohmann::json;

/// Null, where there is no such field.
const json& field(const json& from, const char* key) {
  static const json nothing;
  auto found = from.find(key);
  return found == from.end() ? nothing : *found;
}

std::string text(const json& x) {
  return x.is_string() ? printable(x.get_ref<const std::string&>()) : std::string{};
}

std::uint64_t count(const json& x) {
  return x.is_number_unsigned() ? x.get<std::uint64_t>() : 0;
}

std::optional<double> number(const json& x) {
  return x.is_number() ? std::optional(x.get<double>()) : std::nullopt;
}

bool is_true(const json& x) {
  return x.is_boolean() && x.get<bool>();
}

named_counts counts(const json& from) {
  named_counts result;
  if (from.is_object())
    for (const auto& [name, value] : from.items())
      result.emplace_back(printable(name), count(value));
  return result;
}

peer_report read_peer(const json& from) {
  peer_report result;
  result.id = count(field(from, "id"));
  result.outbound = text(field(from, "direction")) == "outbound";
  result.ready = text(field(from, "state")) == "ready";
  result.type = text(field(from, "connection_type"));
  result.address = text(field(from, "address"));
  result.user_agent = text(field(from, "user_agent"));
  result.protocol_version = count(field(from, "protocol_version"));
  result.lowest_ping = number(field(from, "lowest_ping"));
  result.ping = number(field(from, "ping"));
  result.last_sent = number(field(from, "last_sent"));
  result.last_received = number(field(from, "last_received"));
  result.last_transaction = number(field(from, "last_transaction"));
  result.last_block = number(field(from, "last_block"));
  result.connected_since = number(field(from, "connected_since"));
  result.bytes_received = count(field(from, "bytes_received"));
  result.bytes_sent = count(field(from, "bytes_sent"));
  return result;
}

void read_node(const json& from, status_report& to) {
  const auto& node = field(from, "node");
  to.name = text(field(node, "name"));
  to.version = text(field(node, "version"));
  to.user_agent = text(field(node, "user_agent"));
  to.pid = count(field(node, "pid"));
  to.uptime = number(field(node, "uptime")).value_or(0);
  for (const auto& address : field(node, "listening"))
    to.listening.push_back(text(address));
  to.network = text(field(from, "network"));
  to.network_active =
    !field(from, "network_active").is_boolean() || is_true(field(from, "network_active"));

  const auto& peers = field(from, "peers");
  to.total = count(field(peers, "total"));
  to.ready = count(field(peers, "ready"));
  to.unready = count(field(peers, "unready"));
  to.inbound = count(field(peers, "inbound"));
  to.outbound = count(field(peers, "outbound"));

  to.dialing = count(field(from, "dialing"));
  to.handshaking = count(field(from, "handshaking"));
  const auto& book = field(from, "address_book");
  to.known_addresses = count(field(book, "total"));
  to.tried_addresses = count(field(book, "tried"));
  to.bans = count(field(from, "bans"));
  const auto& traffic = field(from, "traffic");
  to.bytes_received = count(field(traffic, "bytes_received"));
  to.bytes_sent = count(field(traffic, "bytes_sent"));
  to.exits = counts(field(from, "exits"));
  to.failures = counts(field(from, "failures"));
}

} // namespace

std::vector<peer_report> read_peers(const nlohmann::json& list) {
  std::vector<peer_report> result;
  result.reserve(list.size());
  for (const auto& peer : list)
    if (peer.is_object())
      result.push_back(read_peer(peer));
  return result;
}

std::optional<status_report> read_status_report(std::string_view status,
                                                std::string_view peers) {
  auto node = json::parse(status, nullptr, false);
  auto list = json::parse(peers, nullptr, false);
  if (!node.is_object() || !field(node, "node").is_object() ||
      !field(node, "peers").is_object() || !list.is_array())
    return std::nullopt;
  status_report result;
  read_node(node, result);
  result.peers = read_peers(list);
  return result;
}

} // namespace peerage
