// SPDX-License-Identifier: MIT
#pragma once

#include "actors/interfaces/storage.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace peerage::test {

/// A disk that answers when the test says so.
struct slow_disk {
  std::vector<save_state> asked;
  std::vector<caf::typed_response_promise<std::string>> unanswered;
  std::vector<keep_record> kept; ///< Answered like the saves.
  std::size_t failing = 0;       ///< So many fail next, whatever the answer to all is.
};

/// A SAVER with such a disk. A string is the answer to all that has none yet.
using slow_saver_actor = saver_actor::extend<caf::reacts_to<std::string>>;

inline slow_saver_actor::behavior_type slow_saver(slow_saver_actor::pointer self,
                                                  std::shared_ptr<slow_disk> disk) {
  return {
    [self, disk](const save_state& x) -> caf::result<std::string> {
      disk->asked.push_back(x);
      return disk->unanswered.emplace_back(self->make_response_promise<std::string>());
    },
    [self, disk](const keep_record& x) -> caf::result<std::string> {
      disk->kept.push_back(x);
      return disk->unanswered.emplace_back(self->make_response_promise<std::string>());
    },
    [](write_records) {},
    [disk](const std::string& answer) {
      for (auto& promise : std::exchange(disk->unanswered, {}))
        if (disk->failing > 0) {
          --disk->failing;
          promise.deliver(std::string("the disk is full"));
        } else {
          promise.deliver(answer);
        }
    },
  };
}

} // namespace peerage::test
