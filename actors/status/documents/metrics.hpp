#pragma once

#include "actors/admission/listener.hpp"
#include "actors/interfaces/attempts.hpp"
#include "actors/peer/node_context.hpp"
#include "messages/snapshots.hpp"

#include <string>

namespace peerage {

/// What GET /metrics shows, as its owners said it.
struct node_metrics {
  peer_set_snapshot peers; ///< One moment's, so that total = ready + unready.
  attempt_counts dials;
  attempt_counts accepts;
  node_context_ptr context;
};

/// In the text format of Prometheus. Every label is out of an enumeration: nothing that a
/// remote chooses makes a new series.
std::string render_metrics(const node_metrics& x);

} // namespace peerage
