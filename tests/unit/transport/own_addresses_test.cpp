// SPDX-License-Identifier: MIT
#include "actors/transport/own_addresses.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace peerage;

namespace {

bool contains(const std::vector<endpoint>& list, const char* text) {
  endpoint wanted;
  REQUIRE(parse_endpoint(text, 0, wanted));
  return std::ranges::count(list, wanted) == 1;
}

} // namespace

TEST_CASE("a socket bound to one address is reached there") {
  for (const auto* text : {"192.0.2.1:8333", "127.0.0.1:18444", "[2001:db8::1]:8333"}) {
    endpoint bound;
    REQUIRE(parse_endpoint(text, 0, bound));
    CHECK(own_addresses(bound) == std::vector{bound});
  }
}

TEST_CASE("a socket bound to all addresses is reached at each of its family") {
  const auto ipv4 = own_addresses(ipv4_endpoint(0, 0, 0, 0, 8333));
  CHECK(contains(ipv4, "0.0.0.0:8333"));
  CHECK(contains(ipv4, "127.0.0.1:8333")); // every machine has that one
  for (const auto& x : ipv4) {
    CHECK(x.is_ipv4());
    CHECK(x.port == 8333);
  }
  const auto ipv6 = own_addresses(endpoint{{}, 18444});
  CHECK(contains(ipv6, "[::]:18444"));
  for (const auto& x : ipv6) {
    CHECK_FALSE(x.is_ipv4());
    CHECK(x.port == 18444);
  }
}
