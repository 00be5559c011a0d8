// SPDX-License-Identifier: MIT
#include "actors/base/actor_system_config.hpp"

#include "messages/type_ids.hpp"

#include <caf/thread_hook.hpp>

#include <sched.h>

#include <algorithm>
#include <thread>

namespace peerage {

namespace {

/// Workers do not preempt the thread that wakes them: on few cores the I/O thread then
/// reads from all peers before the first batch is worked on.
class patient_workers : public caf::thread_hook {
public:
  void init(caf::actor_system&) override {}
  void thread_started() override {
    sched_param none{};
    // A hint: failing costs nothing but speed.
    ::sched_setscheduler(0, SCHED_BATCH, &none);
  }
  void thread_terminates() override {}
};

} // namespace

void register_messages(caf::actor_system_config& config) {
  config.add_message_types<caf::id_block::peerage_messages>();
}

actor_system_config::actor_system_config() {
  add_thread_hook<patient_workers>();
  register_messages(*this);
  // One queue that workers sleep on: work stealing would poll, and on few cores take time
  // from workers with work.
  set("scheduler.policy", caf::atom("sharing"));
  set("scheduler.max-threads",
      std::max<std::size_t>(std::thread::hardware_concurrency(), 2));
}

} // namespace peerage
