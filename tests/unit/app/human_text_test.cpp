// SPDX-License-Identifier: MIT
#include "app/human_text.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace peerage;

namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr double no_number = std::numeric_limits<double>::quiet_NaN();

} // namespace

TEST_CASE("durations in one unit and in two") {
  CHECK(short_duration_text(0) == "0s");
  CHECK(short_duration_text(59.9) == "59s");
  CHECK(short_duration_text(60) == "1m");
  CHECK(short_duration_text(3599) == "59m");
  CHECK(short_duration_text(3600) == "1h");
  CHECK(short_duration_text(86399) == "23h");
  CHECK(short_duration_text(86400 * 45.5) == "45d");

  CHECK(duration_text(5) == "5s");
  CHECK(duration_text(725) == "12m 5s");
  CHECK(duration_text(3600) == "1h 0m");
  CHECK(duration_text(3 * 3600 + 12 * 60 + 59) == "3h 12m");
  CHECK(duration_text(86400 * 45 + 7199) == "45d 1h");
}

TEST_CASE("durations that cannot be") {
  for (auto x : {-1.0, -infinite, no_number}) {
    CHECK(short_duration_text(x) == "0s");
    CHECK(duration_text(x) == "0s");
    CHECK(latency_text(x) == "<0.1 ms");
  }
  CHECK(short_duration_text(infinite) == "11574074d");
  CHECK(latency_text(infinite) == "1000000000000 s");
}

TEST_CASE("round trips") {
  CHECK(latency_text(0.00002) == "<0.1 ms");
  CHECK(latency_text(0.00005) == "0.1 ms");
  CHECK(latency_text(0.00949) == "9.5 ms");
  CHECK(latency_text(0.00996) == "10 ms");
  CHECK(latency_text(0.0384) == "38 ms");
  CHECK(latency_text(0.9994) == "999 ms");
  CHECK(latency_text(0.9996) == "1.0 s");
  CHECK(latency_text(12.3) == "12 s");
}

TEST_CASE("sizes") {
  CHECK(size_text(0) == "0 B");
  CHECK(size_text(1023) == "1023 B");
  CHECK(size_text(1024) == "1.0 KiB");
  CHECK(size_text(10 * 1024 - 1) == "10 KiB");
  CHECK(size_text(1024 * 1024 - 1) == "1.0 MiB");
  CHECK(size_text(std::uint64_t{35} << 20) == "35 MiB");
  CHECK(size_text(std::numeric_limits<std::uint64_t>::max()) == "16 EiB");
}

TEST_CASE("foreign text cannot control a terminal") {
  CHECK(printable("/Satoshi:27.0.0(~\" )/") == "/Satoshi:27.0.0(~\" )/");
  CHECK(printable("\x1b[2Jboo\r\n\x7f\x9b") == "?[2Jboo????");
  CHECK(printable(std::string_view("a\0b", 3)) == "a?b");
  CHECK(printable("gr\xc3\xbc\xc3\x9f") == "gr????");
  CHECK(printable(std::string(300, 'a')).size() == 256);
  CHECK(printable("abc", 2) == "ab");
}

TEST_CASE("cut to a width") {
  CHECK(cut("abcdef", 6) == "abcdef");
  CHECK(cut("abcdef", 5) == "ab...");
  CHECK(cut("abcdef", 4) == "a...");
  CHECK(cut("abcdef", 3) == "abc");
  CHECK(cut("abcdef", 0).empty());
}
