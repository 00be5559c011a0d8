// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/local_message.hpp"
#include "actors/interfaces/node.hpp"
#include "actors/status/documents/node_history.hpp"
#include "actors/status/http/status_actor.hpp"

#include <caf/stateful_actor.hpp>

namespace peerage {

/// Asks the HISTORIAN for its `history_samples`.
struct get_history {};
struct history_samples {
  std::vector<history_sample> entries; ///< Oldest first.
};

using historian_actor = caf::typed_actor<
  // GET /history.
  caf::replies_to<get_history>::with<history_samples>,
  // INTERNAL: the next sample is due.
  caf::reacts_to<alarm>>;

struct historian_state {
  historian_state() = default;
  node_handles parts;
  node_history history;
  static inline const char* name = "historian";
};

/// Keeps the node's `node_history`: takes a sample at once, then at its pace. A moment at
/// which an owner does not answer in time has no sample. Ends when told to exit.
historian_actor::behavior_type
historian(historian_actor::stateful_pointer<historian_state> self,
          const status_source_actor& manager);

} // namespace peerage

PEERAGE_LOCAL_MESSAGE(peerage::get_history)
PEERAGE_LOCAL_MESSAGE(peerage::history_samples)
