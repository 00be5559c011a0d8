// SPDX-License-Identifier: MIT
#include "app/log_merger.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace peerage;
using namespace std::chrono_literals;

namespace {

constexpr int info = 2;
constexpr int error = 4;

struct fixture {
  log_merger merger;
  log_merger::time_point now{1h};

  /// How many of so many lines are written.
  std::size_t write(std::size_t lines, std::string_view kind, int level = info) {
    std::size_t result = 0;
    for (std::size_t i = 0; i < lines; ++i)
      result += merger.admit(level, kind, std::string(kind) + std::to_string(i),
                             ",\"line\":" + std::to_string(i), now);
    return result;
  }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a few lines of a kind are written as they are") {
  CHECK(write(log_merger::burst, "joined") == log_merger::burst);
  CHECK_FALSE(merger.next_due());
  now += log_merger::window;
  CHECK(merger.due(now).empty());
}

TEST_CASE_FIXTURE(fixture, "more of them are counted, with one as example") {
  const auto begin = now;
  CHECK(write(2'000, "left") == log_merger::burst);
  CHECK(merger.next_due() == begin + log_merger::window);
  CHECK(merger.due(now + log_merger::window - 1ms).empty());
  now += log_merger::window;
  auto found = merger.due(now);
  REQUIRE(found.size() == 1);
  CHECK(found[0].count == 2'000 - log_merger::burst);
  CHECK(found[0].level == info);
  CHECK(found[0].example == "left" + std::to_string(log_merger::burst));
  CHECK(found[0].members == ",\"line\":" + std::to_string(log_merger::burst));
  CHECK(merger.due(now).empty());
  CHECK_FALSE(merger.next_due());
  CHECK(write(2'000, "left") == log_merger::burst);
}

TEST_CASE_FIXTURE(fixture, "kinds and levels do not hide each other") {
  write(100, "left: remote_closed");
  CHECK(write(1, "left: internal_error") == 1);
  CHECK(write(1, "left: remote_closed", error) == 1);
  CHECK(write(1, "left: remote_closed") == 0);
}

TEST_CASE_FIXTURE(fixture, "what was held back is told in the order of time") {
  write(20, "z");
  now += 100ms;
  write(30, "a");
  now += 100ms;
  write(11, "m");
  auto found = merger.counted_so_far();
  REQUIRE(found.size() == 3);
  CHECK(found[0].count == 10);
  CHECK(found[1].count == 20);
  CHECK(found[2].count == 1);
  CHECK(merger.counted_so_far().empty());
  CHECK(write(1, "a") == 0); // its second goes on
}
