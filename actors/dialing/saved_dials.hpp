// SPDX-License-Identifier: MIT
#pragma once

#include "actors/dialing/backoff.hpp"
#include "messages/endpoint.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace peerage {

/// What the DIALER remembers across restarts, as it is saved.
struct saved_dials {
  /// Peers to dial first: an attacker who fills our book to cut us off still finds us
  /// connected to peers that were good before (Bitcoin Core's anchors.dat).
  std::vector<endpoint> anchors;
  std::vector<saved_backoff> pauses;
  std::vector<std::string> added; ///< The lasting entries of added_peers.

  static constexpr std::string_view kind = "dials";
  static constexpr std::uint32_t version = 1;
  static constexpr std::size_t max_anchors = 2;
};

nlohmann::json to_json(const saved_dials& x);

/// Leaves out entries that cannot be read.
saved_dials saved_dials_from_json(const nlohmann::json& body);

} // namespace peerage
