// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/alarm_clock.hpp"
#include "actors/base/cancel_request.hpp"
#include "messages/requests.hpp"

#include <caf/typed_response_promise.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace peerage {

/// Requests that are answered when something becomes true, at the latest after their
/// time. Part of the actor that makes it true, so that no caller has to ask again and
/// again: the actor calls `check` after each of its changes, and `expire` when an alarm
/// of these rings.
template <class Condition, class Answer>
class waiters {
public:
  /// Beyond, a request is `overloaded`.
  static constexpr std::size_t max_waiting = 1'024;

  /// The tokens of these alarms have this bit, the actor's own ones do not.
  static constexpr std::uint64_t token_bit = std::uint64_t{1} << 63;
  static bool owns(std::uint64_t token) { return (token & token_bit) != 0; }

  /// What is so at this moment.
  struct finding {
    Answer answer;
    bool met = false; ///< It is what was waited for.
  };
  /// May note in the condition how far it has looked.
  using finder = std::function<finding(Condition&)>;

  /// To be called before anything else.
  void open(alarm_clock_actor alarms, finder find) {
    alarms_ = std::move(alarms);
    find_ = std::move(find);
  }

  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }

  /// Passes each condition to a function.
  template <class Function>
  void for_each(Function look) const {
    for (const auto& x : entries_)
      look(x.what);
  }

  /// Answers at once if the condition is met, or may not wait; else when it is met, or
  /// with what is so after `timeout`.
  template <class Self>
  caf::result<Answer> ask(Self* self, Condition what, caf::timespan timeout) {
    auto found = find_(what);
    if (found.met || timeout <= caf::timespan::zero())
      return std::move(found.answer);
    if (entries_.size() >= max_waiting)
      return caf::make_error(request_error::overloaded);
    const auto token = ++last_ | token_bit;
    auto promise = self->template make_response_promise<Answer>();
    entries_.push_back({token, std::move(what), promise});
    self->send(alarms_, set_alarm{token, self->clock().now() + timeout});
    return promise;
  }

  /// Answers all those whose condition is met.
  template <class Self>
  void check(Self* self) {
    std::erase_if(entries_, [&](entry& x) {
      auto found = find_(x.what);
      if (!found.met)
        return false;
      self->send(alarms_, cancel_alarm{x.token});
      x.promise.deliver(std::move(found.answer));
      return true;
    });
  }

  /// Its time is over.
  void expire(std::uint64_t token) {
    auto found = std::ranges::find(entries_, token, &entry::token);
    if (found == entries_.end())
      return; // answered just now
    auto late = std::move(*found);
    entries_.erase(found);
    late.promise.deliver(std::move(find_(late.what).answer));
  }

  /// The caller has gone.
  template <class Self>
  void cancel(Self* self, const cancel_request& what) {
    auto found = std::ranges::find_if(entries_, [&](entry& x) {
      return is_meant(what, self->current_sender(), x.promise);
    });
    if (found == entries_.end())
      return; // answered just now
    auto gone = std::move(*found);
    entries_.erase(found);
    self->send(alarms_, cancel_alarm{gone.token});
    gone.promise.deliver(caf::make_error(request_error::cancelled));
  }

  /// The actor ends.
  void fail_all(const caf::error& why) {
    for (auto& x : entries_)
      x.promise.deliver(why);
    entries_.clear();
  }

private:
  struct entry {
    std::uint64_t token;
    Condition what;
    caf::typed_response_promise<Answer> promise;
  };

  alarm_clock_actor alarms_;
  finder find_;
  std::vector<entry> entries_;
  std::uint64_t last_ = 0;
};

} // namespace peerage
