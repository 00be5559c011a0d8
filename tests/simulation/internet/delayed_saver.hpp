// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/alarm_clock.hpp"
#include "actors/interfaces/storage.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace peerage::test {

class simulated_disk;

/// A SAVER that can wait for time to pass.
using delayed_saver_actor = saver_actor::extend<caf::reacts_to<alarm>>;

struct delayed_saver_state {
  delayed_saver_state() = default;

  struct request {
    caf::typed_response_promise<std::string> answer;
    std::function<void()> write;
  };

  saver_actor saver; ///< Does the work.
  std::vector<request> waiting;
  static inline const char* name = "delayed_saver";
};

/// Writes to a simulated disk as SAVER does, but only when the disk's latency has passed
/// on the actor clock: what is asked for meanwhile is written together, as on a disk that
/// is busy. What still waits when it ends is not written, and answered with an
/// error.
/// @param alarms Of the node that saves.
delayed_saver_actor::behavior_type
delayed_saver(delayed_saver_actor::stateful_pointer<delayed_saver_state> self,
              std::shared_ptr<simulated_disk> disk, alarm_clock_actor alarms);

} // namespace peerage::test
