// SPDX-License-Identifier: MIT
#pragma once

#include "actors/interfaces/storage.hpp"
#include "actors/storage/state_journal.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace peerage {

struct saver_state {
  saver_state() = default;

  /// Records for one journal, which share one sync of the disk.
  struct group {
    std::string kind;
    std::uint32_t version = 1;
    std::vector<journal_record> records;
    std::vector<caf::typed_response_promise<std::string>> waiting;
  };
  std::shared_ptr<disk> on;
  std::map<std::filesystem::path, group> groups; ///< By state file; not written yet.
  static inline const char* name = "saver";
};

/// Writes files for actors that must not wait for the disk; see save_state_file and
/// append_to_journal. Spawned detached, it blocks a thread of its own; spawned otherwise,
/// it is deterministic.
///
/// It writes one file after the other, in the order of requests; records that have come
/// while it wrote go to the disk together. Requests without an answer at its end are not
/// saved: end it after the actors that save.
saver_actor::behavior_type saver(saver_actor::stateful_pointer<saver_state> self,
                                 std::shared_ptr<disk> on);

} // namespace peerage
