#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace peerage {

/// What `peerage status` shows of one peer. Texts are printable; times are Unix seconds.
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

/// How often something happened, by its name.
using named_counts = std::vector<std::pair<std::string, std::uint64_t>>;

/// What `peerage status` shows of a node: `GET /status` and `GET /peers`.
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
  named_counts exits;    ///< Why peers left, since start.
  named_counts failures; ///< Why dials and handshakes made no peer, since start.
  std::vector<peer_report> peers;
};

/// Reads the two documents. Fields that are missing (an older node) stay at their
/// defaults; nothing if these are not a node's documents at all.
std::optional<status_report> read_status_report(std::string_view status,
                                                std::string_view peers);

} // namespace peerage
