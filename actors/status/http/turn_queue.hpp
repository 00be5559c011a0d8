// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/http/http.hpp"

#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <utility>

namespace peerage {

/// Long pieces of work for the HTTP thread, done one after the other, with everything
/// else that is ready then done in between. Lives on that thread. Its callers bound
/// the work.
class turn_queue : public std::enable_shared_from_this<turn_queue> {
public:
  void add(const std::shared_ptr<http_executor>& executor, std::function<void()> work) {
    waiting_.push_back(std::move(work));
    if (!std::exchange(running_, true))
      post(executor);
  }

private:
  /// Goes on with the next one, also if this one throws.
  struct turn {
    turn_queue& queue;
    const std::shared_ptr<http_executor>& executor;
    ~turn() {
      try {
        if (queue.waiting_.empty())
          queue.running_ = false;
        else
          queue.post(executor);
      } catch (const std::exception&) { // out of memory: the next `add` goes on
        queue.running_ = false;
      }
    }
  };

  void post(const std::shared_ptr<http_executor>& executor) {
    executor->post([me = shared_from_this(), executor] {
      auto work = std::move(me->waiting_.front());
      me->waiting_.pop_front();
      const turn whatever_happens{*me, executor};
      work();
    });
  }

  std::deque<std::function<void()>> waiting_;
  bool running_ = false; ///< One of them is posted.
};

} // namespace peerage
