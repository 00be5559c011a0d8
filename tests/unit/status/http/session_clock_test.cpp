// SPDX-License-Identifier: MIT
#include "actors/status/http/session_clock.hpp"

#include <doctest/doctest.h>

using namespace peerage;
using namespace std::chrono_literals;

TEST_CASE("the time of sessions goes on with the thread, and a pause is no time") {
  const session_clock::time_point began{};
  session_clock clock{began};
  CHECK(clock.advance(began + 250ms) == began + 250ms);
  CHECK(clock.advance(began + 500ms) == began + 500ms);
  // Stopped for half a minute.
  CHECK(clock.advance(began + 30'500ms) == began + 1s);
  CHECK(clock.advance(began + 30'750ms) == began + 1250ms);
}
