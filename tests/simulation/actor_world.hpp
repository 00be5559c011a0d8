// SPDX-License-Identifier: MIT
#pragma once

#include "tests/simulation/simulation.hpp"

namespace peerage::test {

/// A simulation of one actor among its neighbours. Derived worlds start and end it.
template <class Handle>
struct actor_world : simulation {
  /// Sends it a message, and runs all that follows.
  template <class Message>
  void tell(Message x) {
    caf::anon_send(subject, std::move(x));
    run();
  }

  /// Its answer, which must come at once.
  template <class Reply, class Request>
  Reply answer(Request what) {
    return answer_from<Reply>(subject, std::move(what));
  }

  /// The same of a neighbour.
  template <class Reply, class Other, class Request>
  Reply answer_from(const Other& whom, Request what) {
    auto result = answer_to<Reply>(whom, std::move(what));
    REQUIRE(result);
    return *result;
  }

  void pass(std::chrono::seconds duration) { advance(duration, 1s); }

  unix_seconds unix_now() const { return context->wall.now(); }

  Handle subject;
};

} // namespace peerage::test
