#pragma once

#include "actors/dialing/backoff.hpp"
#include "messages/endpoint.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace peerage {

/// What the DIALER remembers across restarts, as it is saved.
struct saved_dials {
  /// Peers to dial first: who keeps us apart from the network by filling our book finds
  /// us connected to those that were good before (Bitcoin Core's anchors.dat).
  std::vector<endpoint> anchors;
  std::vector<saved_backoff> pauses;
  std::vector<std::string> added; ///< Peers that a person wants to stay; see added_peers.

  static constexpr std::string_view kind = "dials";
  static constexpr std::uint32_t version = 1;
  static constexpr std::size_t max_anchors = 2;
};

nlohmann::json to_json(const saved_dials& x);

/// Leaves out what cannot be read.
saved_dials saved_dials_from_json(const nlohmann::json& body);

} // namespace peerage
