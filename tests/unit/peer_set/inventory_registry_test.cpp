// SPDX-License-Identifier: MIT
#include "actors/interfaces/broadcasts.hpp"
#include "actors/peer_set/inventory_registry.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

using namespace peerage;
using namespace std::chrono_literals;

namespace {

const time_point start{1'000s};

/// Different ones differ only in the last bytes, as a remote could choose them.
wire::hash256 item(std::uint32_t n) {
  wire::hash256 result;
  for (std::size_t i = 0; i < 4; ++i)
    result.bytes[28 + i] = static_cast<std::uint8_t>(n >> (8 * i));
  return result;
}

std::set<peer_id> holders(const inventory_registry& x, std::uint32_t n) {
  auto found = x.peers_with(item(n));
  std::set<peer_id> result{found.begin(), found.end()};
  CHECK(result.size() == found.size());
  return result;
}

using ids = std::set<peer_id>;

} // namespace

TEST_CASE("nothing is known at first, and a peer is not known to lack anything") {
  inventory_registry registry;
  CHECK(holders(registry, 1).empty());
  CHECK_FALSE(registry.lacks(1, item(1)));
}

TEST_CASE("a peer's newest statement about a hash replaces its older one") {
  for (auto between : {0s, 53s}) {
    CAPTURE(between.count());
    inventory_registry registry;
    registry.announced(1, item(7), start);
    registry.missing(2, item(7), start);
    registry.missing(1, item(7), start + between);
    registry.announced(2, item(7), start + between);
    CHECK(registry.lacks(1, item(7)));
    CHECK_FALSE(registry.lacks(2, item(7)));
    CHECK(holders(registry, 7) == ids{2});
    CHECK(holders(registry, 8).empty());
  }
}

TEST_CASE("a statement lives until the end of the generation after its own") {
  inventory_registry registry;
  registry.announced(1, item(1), start); // the generation starts here
  registry.missing(2, item(1), start + 52s);
  registry.rotate(start + 53s);
  registry.announced(3, item(1), start + 53s);
  CHECK(holders(registry, 1) == ids{1, 3});
  registry.rotate(start + 105s);
  CHECK(holders(registry, 1) == ids{1, 3});
  CHECK(registry.lacks(2, item(1)));
  registry.rotate(start + 106s);
  CHECK(holders(registry, 1) == ids{3});
  CHECK_FALSE(registry.lacks(2, item(1)));
  registry.rotate(start + 159s);
  CHECK(registry.hash_count() == 0);
}

TEST_CASE("after a long silence everything is too old") {
  inventory_registry registry;
  registry.announced(1, item(1), start);
  registry.rotate(start + 53s);
  registry.announced(1, item(2), start + 54s);
  registry.rotate(start + 159s);
  CHECK(registry.hash_count() == 0);
}

TEST_CASE("a peer that left is forgotten in both generations") {
  inventory_registry registry;
  for (peer_id peer : {1u, 2u}) {
    registry.announced(peer, item(1), start);
    registry.missing(peer, item(2), start + 53s);
  }
  registry.peer_left(1);
  CHECK(holders(registry, 1) == ids{2});
  CHECK_FALSE(registry.lacks(1, item(2)));
  CHECK(registry.lacks(2, item(2)));
}

TEST_CASE("I12: beyond 1,000 hashes the oldest go") {
  inventory_registry registry;
  for (std::uint32_t i = 0; i < 1'000; ++i)
    registry.announced(1, item(i), start);
  CHECK(holders(registry, 0) == ids{1});
  registry.announced(2, item(0), start); // known already: nothing has to go
  CHECK(registry.hash_count() == 1'000);
  registry.announced(1, item(1'000), start);
  CHECK(holders(registry, 0).empty());
  CHECK(holders(registry, 1) == ids{1});
  CHECK(holders(registry, 1'000) == ids{1});
  for (std::uint32_t i = 0; i < 50'000; ++i)
    registry.announced(1, item(100'000 + i), start + 53s);
  CHECK(registry.hash_count() == 2'000);
  CHECK(holders(registry, 149'000) == ids{1});
  CHECK(holders(registry, 148'999).empty());
}

TEST_CASE("I12: beyond 70 peers of one hash the oldest go") {
  inventory_registry registry;
  for (peer_id peer = 1; peer <= 70; ++peer)
    registry.announced(peer, item(1), start);
  registry.announced(70, item(1), start); // not one more
  CHECK(holders(registry, 1).size() == 70);
  registry.missing(71, item(1), start);
  auto left = holders(registry, 1);
  CHECK(left.size() == 69);
  CHECK_FALSE(left.contains(1));
  CHECK(registry.lacks(71, item(1)));
}

TEST_CASE("random statements agree with a simple model") {
  struct said {
    bool has;
    std::int64_t generation;
  };
  for (unsigned seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    std::mt19937 random{seed};
    inventory_registry registry;
    std::map<std::pair<peer_id, std::uint32_t>, said> model;
    registry.rotate(start);
    auto now = start;
    for (int step = 0; step < 500; ++step) {
      now += std::chrono::seconds{random() % 5};
      auto generation = (now - start) / inventory_registry::generation_length;
      peer_id peer = 1 + random() % 10;
      auto hash = static_cast<std::uint32_t>(random() % 8);
      switch (random() % 8) {
      case 0:
        registry.peer_left(peer);
        std::erase_if(model, [&](const auto& x) { return x.first.first == peer; });
        break;
      case 1:
      case 2:
      case 3:
        registry.missing(peer, item(hash), now);
        model[{peer, hash}] = {false, generation};
        break;
      default:
        registry.announced(peer, item(hash), now);
        model[{peer, hash}] = {true, generation};
      }
      registry.rotate(now);
      std::erase_if(model,
                    [&](const auto& x) { return x.second.generation < generation - 1; });
      ids expected;
      for (const auto& [key, value] : model) {
        if (key.second == hash && value.has)
          expected.insert(key.first);
        REQUIRE(registry.lacks(key.first, item(key.second)) == !value.has);
      }
      REQUIRE(holders(registry, hash) == expected);
    }
  }
}
