// SPDX-License-Identifier: MIT
#include "actors/peer_set/eviction.hpp"

#include "messages/subnet.hpp"
#include "tests/support/endpoints.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>

using namespace peerage;
using namespace peerage::test;
using namespace std::chrono_literals;

namespace {

const time_point start{1000h};

/// Candidate number `id`, each in a /16 of its own and younger than the one before.
eviction_candidate plain(peer_id id) {
  eviction_candidate result;
  result.id = id;
  result.remote = ipv4((0x0101u + id) << 16 | 1);
  result.connected_at = start + std::chrono::seconds{id};
  return result;
}

std::vector<eviction_candidate> plain_ones(std::size_t count) {
  std::vector<eviction_candidate> result;
  for (peer_id id = 1; id <= count; ++id)
    result.push_back(plain(id));
  return result;
}

/// All peers evicted if `choose_eviction` is asked until it finds none.
std::set<peer_id> evict_all(std::vector<eviction_candidate> candidates,
                            std::uint64_t key) {
  std::set<peer_id> gone;
  while (auto chosen = choose_eviction(candidates, key)) {
    CHECK(gone.insert(*chosen).second);
    CHECK(std::erase_if(candidates, [&](auto& x) { return x.id == *chosen; }) == 1);
  }
  return gone;
}

/// All peers not even evicted when marked for it.
std::set<peer_id> protected_ones(std::vector<eviction_candidate> candidates,
                                 std::uint64_t key) {
  std::set<peer_id> kept;
  for (auto& x : candidates) {
    x.prefer_evict = true;
    if (choose_eviction(candidates, key) != x.id)
      kept.insert(x.id);
    x.prefer_evict = false;
  }
  return kept;
}

} // namespace

TEST_CASE("none is evicted from few peers") {
  CHECK_FALSE(choose_eviction({}, 1));
  for (std::size_t count = 1; count <= 20; ++count)
    CHECK_FALSE(choose_eviction(plain_ones(count), count));
  CHECK(choose_eviction(plain_ones(21), 1));
  // Eight more stay if there are block-relay peers.
  auto mixed = plain_ones(28);
  for (auto& x : mixed) {
    x.full_node = true;
    x.relays_transactions = x.id > 14;
    // The 4 by group, the 8 by ping and the 4 by transaction are not among them.
    x.lowest_ping = x.id > 14 ? 1ms : 9ms;
  }
  for (std::uint64_t key = 1; key <= 20; ++key) {
    auto gone = evict_all(mixed, key);
    CHECK(gone.size() <= 8);
    CHECK(std::ranges::none_of(gone, [](auto id) { return id <= 8; }));
  }
}

TEST_CASE("outbound and manual peers are never candidates") {
  auto candidates = plain_ones(200);
  for (auto& x : candidates) {
    x.prefer_evict = true;
    if (x.id % 2 == 0)
      x.direction = peer_direction::outbound;
    else
      x.manual = true;
  }
  CHECK_FALSE(choose_eviction(candidates, 1));
  for (std::size_t i = 0; i < 60; ++i)
    candidates[i].direction = peer_direction::inbound, candidates[i].manual = false;
  auto gone = evict_all(candidates, 1);
  CHECK(gone.size() == 40);
  CHECK(*gone.rbegin() <= 60);
}

TEST_CASE("of otherwise equal peers the youngest goes, and the older half stays") {
  for (std::uint64_t key = 1; key <= 20; ++key) {
    auto candidates = plain_ones(100);
    auto chosen = choose_eviction(candidates, key);
    REQUIRE(chosen);
    // Only the protection by group can shield the very youngest.
    CHECK(*chosen >= 96);
  }
}

TEST_CASE("the largest address group loses its youngest member") {
  auto candidates = plain_ones(100);
  // Three of the younger half share a /16; they are not the youngest.
  for (peer_id id : {81, 83, 85})
    candidates[id - 1].remote = ipv4(0x50500000u + id * 256);
  for (std::uint64_t key = 1; key <= 50; ++key) {
    auto chosen = choose_eviction(candidates, key);
    REQUIRE(chosen);
    // Their group may be one of the 4 that the key protects.
    CHECK((*chosen == 85 || *chosen >= 96));
  }
  CHECK(choose_eviction(candidates, 2) == 85);
}

TEST_CASE("peers of bad reputation go first, but not before the proofs of merit") {
  auto candidates = plain_ones(100);
  candidates[59].prefer_evict = true;
  candidates[29].prefer_evict = true; // among the longest connected
  std::size_t chosen = 0;
  for (std::uint64_t key = 1; key <= 50; ++key) {
    auto gone = choose_eviction(candidates, key);
    CHECK(gone != 30);
    chosen += gone == 60;
  }
  // The key protects 4 of 100 groups.
  CHECK(chosen >= 40);
  candidates[59].last_block = start + 10h;
  for (std::uint64_t key = 1; key <= 50; ++key)
    CHECK(choose_eviction(candidates, key) != 60);
}

TEST_CASE("each proof of merit protects its number of peers, however young") {
  struct merit {
    const char* name;
    std::size_t count;
    void (*give)(eviction_candidate&);
  };
  const merit merits[] = {
    {"ping", 8, [](auto& x) { x.lowest_ping = 1ms; }},
    {"transaction", 4, [](auto& x) { x.last_transaction = start + 1h; }},
    {"block", 4, [](auto& x) { x.last_block = start + 1h; }},
    {"block relay", 12,
     [](auto& x) {
       x.last_block = start + 1h;
       x.relays_transactions = false;
       x.full_node = true;
     }},
  };
  for (const auto& each : merits) {
    CAPTURE(each.name);
    for (std::size_t bearers = each.count; bearers <= each.count + 30; bearers += 30)
      for (std::uint64_t key = 1; key <= 10; ++key) {
        auto candidates = plain_ones(200);
        for (auto& x : candidates)
          x.lowest_ping = 50ms;
        for (std::size_t i = 200 - bearers; i < 200; ++i)
          each.give(candidates[i]);
        auto gone = evict_all(candidates, key);
        auto evicted = static_cast<std::size_t>(
          std::ranges::count_if(gone, [&](auto id) { return id > 200 - bearers; }));
        if (bearers == each.count)
          CHECK(evicted == 0);
        else // the rest of them is as young as can be
          CHECK(evicted >= bearers - each.count - 12);
      }
  }
}

TEST_CASE("up to a quarter of the rest is kept for hidden and mesh networks") {
  auto candidates = plain_ones(100);
  for (std::size_t i = 80; i < 90; ++i)
    candidates[i].remote = ipv4_endpoint(127, 0, 0, 1, static_cast<std::uint16_t>(i));
  auto to_mesh = [&](std::size_t i) {
    candidates[i].remote = {{0xfc, static_cast<std::uint8_t>(i)}, 8333};
  };
  for (std::size_t i = 90; i < 100; ++i)
    to_mesh(i);
  // 20 stay for merits and groups, 40 of the other 80 for age: 20 of them exactly these.
  for (std::uint64_t key = 1; key <= 20; ++key) {
    auto kept = protected_ones(candidates, key);
    CHECK(kept.size() == 60);
    CHECK(std::ranges::count_if(kept, [](auto id) { return id > 80; }) == 20);
  }
  // A flood of them takes no more than that, and the 4 places by group.
  for (std::size_t i = 40; i < 100; ++i)
    to_mesh(i);
  for (std::uint64_t key = 1; key <= 20; ++key) {
    auto kept = protected_ones(candidates, key);
    auto mesh = std::ranges::count_if(kept, [](auto id) { return id > 40; });
    CHECK(kept.size() == 60);
    CHECK(mesh >= 20);
    CHECK(mesh <= 24);
  }
}

TEST_CASE("which address groups are safe depends on the key alone") {
  auto safe_groups = [](std::uint64_t key) {
    auto candidates = plain_ones(300);
    auto gone = evict_all(candidates, key);
    std::set<peer_id> safe;
    for (peer_id id = 151; id <= 300; ++id) // younger than all that are safe by age
      if (!gone.contains(id))
        safe.insert(id);
    return safe;
  };
  std::set<std::set<peer_id>> seen;
  for (std::uint64_t key = 1; key <= 5; ++key) {
    CHECK(safe_groups(key) == safe_groups(key));
    CHECK(safe_groups(key).size() <= 4);
    seen.insert(safe_groups(key));
  }
  CHECK(seen.size() >= 3);
}

TEST_CASE("property: an attacker without merits evicts no peer that has one") {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    std::mt19937_64 random{seed};
    auto below = [&](std::uint64_t bound) { return random() % bound; };
    auto moment = [&](int from, int to) {
      return start + std::chrono::seconds{from + static_cast<int>(below(to - from))};
    };
    std::vector<eviction_candidate> slots;
    std::set<peer_id> honest;
    peer_id next_id = 1;
    auto add_honest = [&](std::size_t count, auto give) {
      for (std::size_t i = 0; i < count; ++i) {
        auto x = plain(next_id++);
        x.remote = ipv4(random());
        x.connected_at = moment(0, 5'000);
        x.lowest_ping = std::chrono::milliseconds{60 + below(100)};
        give(x);
        honest.insert(x.id);
        slots.push_back(x);
      }
    };
    add_honest(8, [&](auto& x) { x.lowest_ping = std::chrono::milliseconds{below(20)}; });
    add_honest(4, [&](auto& x) { x.last_transaction = moment(3'000, 5'000); });
    add_honest(8, [&](auto& x) {
      x.last_block = moment(3'000, 5'000);
      x.full_node = true;
      x.relays_transactions = false;
    });
    add_honest(4, [&](auto& x) { x.last_block = moment(3'000, 5'000); });
    // The attacker came later, knows old blocks and transactions, is far away, looks
    // like anything else it likes, and comes again whenever one of its own is evicted.
    auto attack = [&] {
      auto x = plain(next_id++);
      x.remote = below(4) == 0 ? ipv4_endpoint(127, 0, 0, 1, 1) : ipv4(random());
      x.connected_at = moment(5'000, 9'000);
      x.full_node = below(2) == 0;
      x.relays_transactions = below(2) == 0;
      x.prefer_evict = below(8) == 0;
      if (below(2) == 0)
        x.lowest_ping = std::chrono::milliseconds{20 + below(40)};
      if (below(2) == 0)
        x.last_block = moment(0, 3'000);
      if (below(2) == 0)
        x.last_transaction = moment(0, 3'000);
      slots.push_back(x);
    };
    while (slots.size() < 125)
      attack();
    for (int newcomer = 0; newcomer < 100; ++newcomer) {
      std::ranges::shuffle(slots, random);
      auto chosen = choose_eviction(slots, seed);
      REQUIRE(chosen);
      CHECK_FALSE(honest.contains(*chosen));
      std::erase_if(slots, [&](auto& x) { return x.id == *chosen; });
      attack();
    }
  }
}

TEST_CASE("property: the order of the list does not matter, and the one exists") {
  for (unsigned seed = 1; seed <= 100; ++seed) {
    std::mt19937_64 random{seed};
    auto below = [&](std::uint64_t bound) { return random() % bound; };
    auto candidates = plain_ones(below(130));
    for (auto& x : candidates) {
      x.remote = ipv4(below(10) << 16 | below(1'000));
      x.connected_at = start + std::chrono::seconds{below(20)};
      x.direction = below(5) == 0 ? peer_direction::outbound : peer_direction::inbound;
      x.manual = below(9) == 0;
      if (below(2) == 0)
        x.lowest_ping = std::chrono::milliseconds{below(5)};
      if (below(3) == 0)
        x.last_block = start + std::chrono::seconds{below(5)};
      x.relays_transactions = below(2) == 0;
      x.full_node = below(2) == 0;
      x.prefer_evict = below(3) == 0;
    }
    auto chosen = choose_eviction(candidates, seed);
    std::ranges::shuffle(candidates, random);
    CHECK(choose_eviction(candidates, seed) == chosen);
    if (!chosen)
      continue;
    auto found = std::ranges::find(candidates, *chosen, &eviction_candidate::id);
    REQUIRE(found != candidates.end());
    CHECK(found->direction == peer_direction::inbound);
    CHECK_FALSE(found->manual);
  }
}
