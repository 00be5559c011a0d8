// SPDX-License-Identifier: MIT
#include "app/human_input.hpp"
#include "app/human_text.hpp"
#include "app/option_values.hpp"

#include <doctest/doctest.h>

using namespace peerage;

TEST_CASE("durations") {
  CHECK(read_duration("90") == 90);
  CHECK(read_duration("90s") == 90);
  CHECK(read_duration("15m") == 900);
  CHECK(read_duration("12h") == 43'200);
  CHECK(read_duration("7d") == 604'800);
  CHECK(read_duration("2w") == 1'209'600);
  for (const auto* text :
       {"", "0", "-1", "d", "1.5h", "1y", "h1", "1 d", "1dd", "99999999999999", "36526d"})
    CHECK_THROWS_AS(read_duration(text), option_error);
}

TEST_CASE("dates are in UTC, and come back as they were") {
  for (const auto* text : {"2026-12-01 18:30:05", "2000-02-29 00:00:00"})
    CHECK(time_text(static_cast<double>(read_date(text))) == text);
  CHECK(read_date("2026-12-01") == read_date("2026-12-01 00:00"));
  CHECK(read_date("2026-12-01T18:30Z") == read_date("2026-12-01 18:30:00"));
  CHECK(read_date("2026-12-01T18:30:05Z") == read_date("2026-12-01 18:30:05"));
  for (const auto* text : {"", "tomorrow", "2026-13-01", "2026-02-30", "2026-12-01 18",
                           "2026-12-01T18:30", "01.12.2026", "1960-01-01", "2026-12-01x"})
    CHECK_THROWS_AS(read_date(text), option_error);
}
