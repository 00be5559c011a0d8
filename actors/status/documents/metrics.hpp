// SPDX-License-Identifier: MIT
#pragma once

#include "actors/admission/listener.hpp"
#include "actors/interfaces/attempts.hpp"
#include "actors/peer/node_context.hpp"
#include "messages/snapshots.hpp"

#include <string>

namespace peerage {

/// The values of GET /metrics, as answered by their owners.
struct node_metrics {
  peer_set_snapshot peers; ///< One moment's, so that total = ready + unready.
  attempt_counts dials;
  attempt_counts accepts;
  node_context_ptr context;
};

/// In the text format of Prometheus. Every label comes from an enumeration: a remote
/// cannot make new series.
std::string render_metrics(const node_metrics& x);

} // namespace peerage
