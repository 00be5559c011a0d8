// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/alarm_clock.hpp"
#include "actors/interfaces/storage.hpp"
#include "actors/storage/disk.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace peerage::test {

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

/// Writes to a disk as SAVER does, but only when its latency has passed
/// on the actor clock: what is asked for meanwhile is written together, as on a disk that
/// is busy. What still waits when it ends is not written, and answered with an
/// error.
/// @param latency Asked anew for each write.
/// @param alarms Of the node that saves.
delayed_saver_actor::behavior_type
delayed_saver(delayed_saver_actor::stateful_pointer<delayed_saver_state> self,
              std::shared_ptr<disk> on, std::function<std::chrono::nanoseconds()> latency,
              alarm_clock_actor alarms);

} // namespace peerage::test
