// SPDX-License-Identifier: MIT
#include "actors/dialing/black_hole_detector.hpp"

#include <doctest/doctest.h>

using namespace peerage;

namespace {

/// The n-th of many addresses.
endpoint address(std::size_t n) {
  return ipv4_endpoint(20, static_cast<std::uint8_t>(n >> 16),
                       static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n),
                       8333);
}

endpoint ipv6_address(std::size_t n) {
  endpoint result;
  REQUIRE(parse_endpoint("2a00::1", 8333, result));
  result.ip[8] = static_cast<std::uint8_t>(n >> 8);
  result.ip[9] = static_cast<std::uint8_t>(n);
  return result;
}

} // namespace

TEST_CASE("IPv6 that never works is dialed once in 100 times, and comes back") {
  black_hole_detector families;
  for (std::size_t i = 0; i < 10; ++i)
    families.report(address(i), true);
  for (std::size_t i = 0; i < 99; ++i) {
    families.report(ipv6_address(i), false);
    CHECK_FALSE(families.ipv6_is_dead());
    CHECK(families.may_dial(ipv6_address(i)));
  }
  families.report(ipv6_address(99), false);
  CHECK(families.ipv6_is_dead());
  CHECK_FALSE(families.ipv4_is_dead());
  std::size_t dialed = 0;
  for (std::size_t i = 0; i < 1'000; ++i) {
    if (families.may_dial(ipv6_address(i))) {
      families.dialed(ipv6_address(i));
      ++dialed;
    } else {
      families.left(ipv6_address(i));
    }
    CHECK(families.may_dial(address(i)));
  }
  CHECK(dialed == 10);
  families.report(ipv6_address(0), false);
  CHECK(families.ipv6_is_dead());
  families.report(ipv6_address(0), true);
  CHECK_FALSE(families.ipv6_is_dead());
  CHECK(families.may_dial(ipv6_address(0)));
  // It is judged anew: 98 failures more are not enough, 100 in all but one are.
  for (std::size_t i = 0; i < 98; ++i)
    families.report(ipv6_address(i), false);
  CHECK_FALSE(families.ipv6_is_dead());
  families.report(ipv6_address(99), false);
  CHECK(families.ipv6_is_dead());
}

TEST_CASE(
  "three successes among the last 100 dials keep a family alive, older ones do not") {
  black_hole_detector families;
  for (int i = 0; i < 3; ++i)
    families.report(address(1), true);
  for (int i = 0; i < 100; ++i)
    families.report(ipv6_address(1), i % 40 == 0);
  CHECK_FALSE(families.ipv6_is_dead());
  families.report(ipv6_address(1), false); // the first success is out of sight
  CHECK(families.ipv6_is_dead());
}

TEST_CASE("offline, both families fail, and neither is dead") {
  black_hole_detector families;
  for (std::size_t i = 0; i < 500; ++i) {
    families.report(address(i), i < 50);
    families.report(ipv6_address(i), false);
  }
  CHECK_FALSE(families.ipv4_is_dead());
  CHECK_FALSE(families.ipv6_is_dead());
  CHECK(families.may_dial(ipv6_address(1)));
  // Works over IPv4 again: now IPv6 has no excuse.
  for (std::size_t i = 0; i < 3; ++i)
    families.report(address(i), true);
  CHECK(families.ipv6_is_dead());
}

TEST_CASE("loopback and private networks prove nothing about a family") {
  black_hole_detector families;
  for (int i = 0; i < 3; ++i)
    families.report(address(1), true);
  for (int i = 0; i < 200; ++i)
    families.report(ipv6_address(1), false);
  endpoint loopback, local;
  REQUIRE(parse_endpoint("::1", 8333, loopback));
  REQUIRE(parse_endpoint("fd00::1", 8333, local));
  CHECK(families.may_dial(loopback));
  CHECK(families.may_dial(local));
  families.report(loopback, true);
  families.report(local, true);
  CHECK(families.ipv6_is_dead());
}
