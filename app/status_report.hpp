// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace peerage {

/// One peer, as `peerage status` shows it. Texts are printable; times are Unix seconds.
struct peer_report {
  std::uint64_t id = 0;
  bool outbound = false;
  bool ready = false;
  std::string type; ///< In Bitcoin Core's words: inbound, manual, outbound-full-relay, …
  std::string address;
  std::string user_agent;
  std::uint64_t protocol_version = 0;
  std::optional<double> lowest_ping; ///< Seconds; not set before the first pong.
  std::optional<double> ping;
  std::optional<double> last_sent;
  std::optional<double> last_received;
  std::optional<double> last_transaction;
  std::optional<double> last_block;
  std::optional<double> connected_since;
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent = 0;
};

/// Counts by name.
using named_counts = std::vector<std::pair<std::string, std::uint64_t>>;

/// A node, as `peerage status` shows it: `GET /status` and `GET /peers`.
struct status_report {
  std::string name;
  std::string version;
  std::string user_agent;
  std::string network;
  bool network_active = true;
  std::uint64_t pid = 0;
  double uptime = 0; ///< Seconds.
  std::vector<std::string> listening;
  std::uint64_t total = 0;
  std::uint64_t ready = 0;
  std::uint64_t unready = 0;
  std::uint64_t inbound = 0;
  std::uint64_t outbound = 0;
  std::uint64_t dialing = 0;
  std::uint64_t handshaking = 0;
  std::uint64_t known_addresses = 0;
  std::uint64_t tried_addresses = 0;
  std::uint64_t bans = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent = 0;
  named_counts exits;    ///< Ends of peers by reason, since start.
  named_counts failures; ///< Failed dials and handshakes by reason, since start.
  std::vector<peer_report> peers;
};

/// Reads `GET /peers`; entries that are no objects are left out.
std::vector<peer_report> read_peers(const nlohmann::json& list);

/// Reads the two documents. Fields that are missing (an older node) stay at their
/// defaults; empty if these are not a node's documents at all.
std::optional<status_report> read_status_report(std::string_view status,
                                                std::string_view peers);

} // namespace peerage
