#pragma once

#include "actors/base/alarm_clock.hpp"
#include "actors/base/cancel_request.hpp"
#include "messages/requests.hpp"

#include <caf/typed_response_promise.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace peerage {

/// Requests that are answered when something becomes true, at the latest after their
/// time. Part of the actor that makes it true, so that nobody has to ask again and again:
/// the actor calls `check` after each of its changes, and `expire` when an alarm of these
/// rings.
template <class Condition, class Answer>
class waiters {
public:
  /// Beyond, a request is `overloaded`.
  static constexpr std::size_t max_waiting = 1'024;

  /// Its alarms' tokens have this bit, the actor's own ones do not.
  static constexpr std::uint64_t token_bit = std::uint64_t{1} << 63;
  static bool owns(std::uint64_t token) { return (token & token_bit) != 0; }

  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }

  /// Passes each condition to a function.
  template <class Function>
  void for_each(Function look) const {
    for (const auto& x : entries_)
      look(x.what);
  }

  /// Waits for at most `timeout`.
  template <class Self>
  caf::result<Answer> add(Self* self, const alarm_clock_actor& alarms, Condition what,
                          caf::timespan timeout) {
    if (entries_.size() >= max_waiting)
      return caf::make_error(request_error::overloaded);
    const auto token = ++last_ | token_bit;
    auto promise = self->template make_response_promise<Answer>();
    entries_.push_back({token, std::move(what), promise});
    self->send(alarms, set_alarm{token, self->clock().now() + timeout});
    return promise;
  }

  /// Answers all those for whom `answer` has a value.
  /// @param answer From a condition to a std::optional<Answer>.
  template <class Self, class Function>
  void check(Self* self, const alarm_clock_actor& alarms, Function answer) {
    std::erase_if(entries_, [&](entry& x) {
      auto found = answer(x.what);
      if (!found)
        return false;
      self->send(alarms, cancel_alarm{x.token});
      x.promise.deliver(std::move(*found));
      return true;
    });
  }

  /// Its time is over: `answer` makes what it gets to see from its condition.
  template <class Function>
  void expire(std::uint64_t token, Function answer) {
    auto found = std::ranges::find(entries_, token, &entry::token);
    if (found == entries_.end())
      return; // answered just now
    auto late = std::move(*found);
    entries_.erase(found);
    late.promise.deliver(answer(late.what));
  }

  /// Whoever asked has gone.
  template <class Self>
  void cancel(Self* self, const alarm_clock_actor& alarms, const cancel_request& what) {
    auto found = std::ranges::find_if(entries_, [&](entry& x) {
      return is_meant(what, self->current_sender(), x.promise);
    });
    if (found == entries_.end())
      return; // answered just now
    auto gone = std::move(*found);
    entries_.erase(found);
    self->send(alarms, cancel_alarm{gone.token});
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

  std::vector<entry> entries_;
  std::uint64_t last_ = 0;
};

} // namespace peerage
