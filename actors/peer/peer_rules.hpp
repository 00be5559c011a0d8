// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/node_clock.hpp"
#include "actors/base/random_source.hpp"
#include "actors/peer/handshake_nonces.hpp"
#include "actors/peer/node_counters.hpp"
#include "messages/version.hpp"
#include "messages/wire/network.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace peerage {

/// Deadlines and paces of a peer's life; see the limits in actors/README.md.
struct peer_timing {
  caf::timespan connect_timeout = std::chrono::seconds(5);    ///< TCP open.
  caf::timespan handshake_timeout = std::chrono::seconds(10); ///< From there to verack.
  caf::timespan request_timeout = std::chrono::seconds(20);
  caf::timespan ping_interval = std::chrono::seconds(59); ///< A prime: paces drift apart.
  caf::timespan ping_timeout = std::chrono::seconds(20);
  /// The node's own inbound service has this long to answer; then the remote gets the
  /// same as after an error.
  caf::timespan service_timeout = std::chrono::seconds(20);
};

/// What our version message says about this node.
struct local_identity {
  std::string user_agent = "/peerage:" + std::string(program_version()) + "/";
  std::uint64_t services = 0;
  std::int32_t start_height = 0;
  /// The block at that height, for people who ask; zero: not known.
  wire::hash256 best_block;
  bool relay = true;
};

/// What the plain classes of a peer (handshake_protocol, protocol) know of their node: no
/// actor, no socket. Made once, before the first peer.
struct peer_rules {
  peer_rules(const wire::network_parameters& parameters,
             std::optional<std::uint64_t> seed)
      : network(parameters), random(seed) {}

  const wire::network_parameters& network;
  peer_timing timing;
  local_identity identity;
  random_source random;
  handshake_nonces nonces;
  node_counters counters;
  node_clock wall; ///< For times that are shown, sent or saved, and for ends at a date.
};

using peer_rules_ptr = std::shared_ptr<peer_rules>;

} // namespace peerage
