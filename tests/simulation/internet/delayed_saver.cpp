// SPDX-License-Identifier: MIT
#include "tests/simulation/internet/delayed_saver.hpp"

#include "actors/storage/saver.hpp"

#include <caf/sec.hpp>

#include <utility>

namespace peerage::test {

namespace {

using delayed_saver_pointer = delayed_saver_actor::stateful_pointer<delayed_saver_state>;

} // namespace

delayed_saver_actor::behavior_type
delayed_saver(delayed_saver_pointer self, std::shared_ptr<disk> on,
              std::function<std::chrono::nanoseconds()> latency,
              alarm_clock_actor alarms) {
  self->state.saver = self->spawn(saver, std::move(on));
  auto write_later = [self, latency = std::move(latency),
                      alarms = std::move(alarms)](auto what) -> caf::result<std::string> {
    auto& waiting = self->state.waiting;
    if (waiting.empty())
      self->send(alarms, set_alarm{0, self->clock().now() + latency()});
    auto promise = self->make_response_promise<std::string>();
    waiting.push_back(
      {promise, [self, promise, what = std::move(what)] {
         self->request(self->state.saver, caf::infinite, what)
           .then([promise](std::string& problem) mutable { promise.deliver(problem); },
                 [promise](caf::error& why) mutable { promise.deliver(std::move(why)); });
       }});
    return promise;
  };
  self->set_exit_handler([self](caf::exit_msg& x) {
    for (auto& request : self->state.waiting)
      request.answer.deliver(caf::make_error(caf::sec::request_receiver_down));
    self->quit(std::move(x.reason));
  });
  return {
    [write_later](const save_state& x) { return write_later(x); },
    [write_later](const keep_record& x) { return write_later(x); },
    [](write_records) {},
    [self](alarm) {
      for (auto& request : std::exchange(self->state.waiting, {}))
        request.write();
    },
  };
}

} // namespace peerage::test
