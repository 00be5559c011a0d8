// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/duration_histogram.hpp"
#include "actors/interfaces/addresses.hpp"
#include "actors/interfaces/attempts.hpp"
#include "actors/interfaces/bans.hpp"
#include "actors/peer/node_context.hpp"
#include "messages/snapshots.hpp"

#include <memory>
#include <optional>
#include <string>

namespace peerage {

/// The values of GET /metrics, as answered by their owners. What an owner did not answer
/// in time is left out: no sample is better than a wrong one.
struct node_metrics {
  /// One moment's, so that the total is the sum of its parts.
  std::optional<peer_set_snapshot> peers;
  std::optional<attempt_counts> dials;
  std::optional<attempt_counts> accepts;
  std::optional<address_book_snapshot> addresses;
  std::optional<ban_counts> bans;
  std::shared_ptr<const duration_histogram> mailbox_lag;
  node_context_ptr context;
};

/// In the text format of Prometheus, by its conventions for names: base units, `_total`
/// for counters, one meaning for each label in all metrics. Every label comes from an
/// enumeration: a remote cannot make new series.
std::string render_metrics(const node_metrics& x);

} // namespace peerage
