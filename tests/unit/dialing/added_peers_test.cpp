// SPDX-License-Identifier: MIT
#include "actors/dialing/added_peers.hpp"
#include "tests/support/endpoints.hpp"

#include <doctest/doctest.h>

using namespace peerage;
using namespace peerage::test;

TEST_CASE("added peers have the words they were added with, and one entry each") {
  added_peers added;
  CHECK(added.add({"127.0.0.9", at("127.0.0.9:18444"), true}));
  CHECK_FALSE(added.add({"127.0.0.9", at("127.0.0.9:18444"), true}));
  CHECK_FALSE(added.add({"127.0.0.9:18444", at("127.0.0.9:18444"), true}));
  CHECK(added.add({"127.0.0.9:1", at("127.0.0.9:1"), true}));
  CHECK(added.add({"fe80::1%gone0", std::nullopt, true}));
  CHECK(added.add({"fe80::2%gone0", std::nullopt, true}));
  CHECK(added.contains(at("127.0.0.9:18444")));
  CHECK_FALSE(added.contains(at("127.0.0.9:2")));

  CHECK_FALSE(added.remove("127.0.0.9:18444")); // another text
  auto removed = added.remove("127.0.0.9");
  REQUIRE(removed);
  CHECK(removed->remote == at("127.0.0.9:18444"));
  CHECK_FALSE(added.remove("127.0.0.9"));
  REQUIRE(added.entries().size() == 3);
  CHECK(added.entries()[0].text == "127.0.0.9:1");
  CHECK(added.entries()[2].text == "fe80::2%gone0");
}
