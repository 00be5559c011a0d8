// SPDX-License-Identifier: MIT
#pragma once

#include <caf/error.hpp>
#include <caf/timespan.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

namespace peerage {

/// Several questions that are out at once, and what their answers add up to. Those that
/// are not answered in time, or with an error, add nothing.
///
/// ```
/// auto all = std::make_shared<gathering<node_snapshot>>(done);
/// all->ask<bans>(self, owner, 1s, get_bans{}, [](node_snapshot& to, bans& x) { … });
/// …
/// all->close();
/// ```
template <class Result>
class gathering : public std::enable_shared_from_this<gathering<Result>> {
public:
  using handler = std::function<void(Result&&)>;

  /// @param done Gets the result, once, when the last answer is in.
  explicit gathering(handler done) : done_(std::move(done)) {}

  Result found{};

  /// Asks, and adds the answer to `found` by `take(found, answer)`.
  template <class Answer, class Self, class Handle, class Question, class Take>
  void ask(Self* self, const Handle& whom, caf::timespan timeout, Question what,
           Take take) {
    expect();
    auto all = this->shared_from_this();
    self->request(whom, timeout, std::move(what))
      .then(
        [all, take](Answer& x) {
          take(all->found, x);
          all->one_less();
        },
        [all](caf::error&) { all->one_less(); });
  }

  /// For what is no plain question: one answer more is to come, and has come.
  void expect() { ++missing_; }
  void one_less() {
    if (--missing_ == 0)
      done_(std::move(found));
  }

  /// All questions are out.
  void close() { one_less(); }

private:
  handler done_;
  std::size_t missing_ = 1; ///< Until `close`.
};

} // namespace peerage
