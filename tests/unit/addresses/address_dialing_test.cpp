// SPDX-License-Identifier: MIT
#include "address_table_fixture.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace peerage;
using namespace peerage::address_table_testing;

// -- dialing --------------------------------------------------------------------------

TEST_CASE_FIXTURE(address_table_fixture,
                  "every suitable address is picked once, none twice") {
  CHECK_FALSE(table.pick(start, [](auto&) -> bool { throw 0; }));
  CHECK_FALSE(table.pick_feeler(start, [](auto&) -> bool { throw 0; }));
  std::mt19937_64 random_address{3};
  for (int i = 0; i < 300; ++i)
    table.insert(seen(anywhere(random_address)), anywhere(random_address), start);
  for (int i = 0; i < 50; ++i)
    respond(anywhere(random_address), start);
  endpoint ipv6;
  REQUIRE(parse_endpoint("[2a00:1::1]:8333", 0, ipv6));
  CHECK(table.insert(seen(ipv6), {}, start) == insert_result::added);
  for (std::uint8_t i = 0; i < 200; ++i)
    table.insert(overlay(wire::tor_v3_network, 32, i), anywhere(random_address), start);
  const auto dialable = table.counts(wire::ipv4_network).total() + 1;
  CHECK(dialable > 320);
  CHECK(table.counts(wire::tor_v3_network).in_new > 150);
  std::set<endpoint> picked;
  while (auto x = table.pick(start, any)) {
    REQUIRE(picked.insert(*x).second);
    CHECK(table.find(*x)->state(start) == address_state::pending);
    CHECK(table.find(*x)->last_attempt == start);
  }
  CHECK(picked.size() == dialable);
  CHECK(picked.contains(ipv6));
  CHECK_FALSE(table.pick_feeler(start, any));
}

TEST_CASE_FIXTURE(address_table_fixture, "pending always ends") {
  const auto x = in_range(1, 2, 3);
  table.insert(seen(x), {}, start);
  auto state = [&](unix_seconds now) { return table.find(x)->state(now); };
  CHECK(state(start) == address_state::never_tried);
  auto now = start;
  auto take = [&] {
    now += hour;
    REQUIRE(table.pick(now, any) == x);
    CHECK(state(now) == address_state::pending);
    CHECK_FALSE(table.pick(now, any));
  };
  take();
  CHECK(table.released(x));
  CHECK(state(now) == address_state::never_tried);
  take();
  CHECK(table.failed(x, now));
  CHECK(state(now) == address_state::failed);
  CHECK(table.find(x)->failures == 1);
  take();
  CHECK(table.released(x));
  CHECK(state(now) == address_state::failed);
  take();
  CHECK(table.connected(x, 1, now));
  CHECK(state(now) == address_state::responded);
  CHECK(table.find(x)->failures == 0);
  take();
  // An address that a dialer forgets is not lost for ever.
  CHECK(state(now + address_entry::longest_pending - 1) == address_state::pending);
  CHECK_FALSE(table.pick(now + address_entry::longest_pending - 1, any));
  CHECK(state(now + address_entry::longest_pending) == address_state::responded);
  CHECK(table.pick(now + address_entry::longest_pending, any) == x);
  // An address that is erased meanwhile is simply unknown.
  CHECK(table.erase_if(any) == 1);
  CHECK_FALSE(table.connected(x, 1, now));
  CHECK_FALSE(table.failed(x, now));
  CHECK_FALSE(table.released(x));
  CHECK_FALSE(table.disconnected(x, now));
  CHECK(table.is_consistent());
}

TEST_CASE_FIXTURE(address_table_fixture,
                  "a pick finds the only suitable entry, with bounded work") {
  std::mt19937_64 random_address{4};
  std::vector<endpoint> kept;
  while (table.size() < 14'000) {
    auto x = anywhere(random_address);
    if (table.insert(seen(x), anywhere(random_address), start) == insert_result::added)
      kept.push_back(x);
  }
  for (std::size_t i = 0; i < 4'000; ++i)
    table.connected(kept[i], 1, start - day);
  CHECK(table.counts().in_tried > 2'000);
  std::size_t calls = 0;
  auto nobody = [&](const address_entry&) { return ++calls, false; };
  const auto limit = table.size() + 2 * address_buckets::max_draws;
  CHECK_FALSE(table.pick(start, nobody));
  CHECK(calls <= limit);
  CHECK(calls >= table.size());
  calls = 0;
  CHECK_FALSE(table.pick_feeler(start, nobody));
  CHECK(calls <= limit);
  for (std::size_t i = 0; i < 20; ++i) {
    const auto wanted = kept[random_address() % kept.size()];
    CHECK(table.pick(start, [&](auto& x) { return x.remote() == wanted; }) == wanted);
    table.released(wanted);
  }
}

TEST_CASE_FIXTURE(address_table_fixture,
                  "new and tried are picked alike, the recently failed hardly") {
  std::mt19937_64 random_address{5};
  for (int i = 0; i < 5; ++i)
    respond(anywhere(random_address), start);
  for (int i = 0; i < 1'000; ++i)
    table.insert(seen(anywhere(random_address)), anywhere(random_address), start);
  int tried = 0, feelers_tried = 0;
  auto now = start + hour;
  for (int i = 0; i < 2'000; ++i, now += hour) {
    auto x = *table.pick(now, any);
    tried += table.find(x)->tried ? 1 : 0;
    table.released(x);
    x = *table.pick_feeler(now, any);
    feelers_tried += table.find(x)->tried ? 1 : 0;
    table.released(x);
  }
  CHECK(tried > 900); // 1,000 expected; 22 is a standard deviation
  CHECK(tried < 1'100);
  CHECK(feelers_tried == 0);

  table.erase_if([](auto& x) { return x.tried; });
  std::set<endpoint> failing;
  for (const auto& x : table.entries())
    if (failing.size() < table.size() / 2)
      failing.insert(*x.remote());
  for (const auto& x : failing)
    table.failed(x, now);
  int wasted = 0;
  for (int i = 0; i < 200; ++i)
    wasted += failing.contains(*table.pick(now, any)) ? 1 : 0;
  CHECK(wasted < 20); // at even odds: 100; by their chance: 2
}

// -- tried slots that two want --------------------------------------------------------

TEST_CASE_FIXTURE(address_table_fixture, "an answer moves to the tried, for good") {
  const auto x = in_range(1, 2, 3);
  CHECK_FALSE(table.connected(x, 1, start));
  table.insert(seen(x, start - day), {}, start);
  CHECK(table.connected(x, 9, start));
  const auto* entry = table.find(x);
  CHECK(entry->tried);
  CHECK(entry->last_success == start);
  CHECK(entry->address == seen(x, start - day, 9)); // its time tells nothing of us
  CHECK(table.counts() == address_counts{0, 1});
  table.disconnected(x, start - day + 20 * minute);
  CHECK(entry->address.time == start - day);
  table.disconnected(x, start - day + 20 * minute + 1);
  CHECK(entry->address.time == start - day + 20 * minute + 1);
  for (int i = 0; i < 100; ++i)
    table.failed(x, start + i * day);
  CHECK(entry->tried);
}

namespace {

struct collision : address_table_fixture {
  endpoint old, young;
  unix_seconds now = start + 5 * hour;

  collision() {
    auto both = rivals(2, true);
    old = both[0];
    young = both[1];
    respond(old, start);
    table.insert(seen(young, now), young, now);
    REQUIRE(table.find(old)->tried);
  }
  ~collision() { CHECK(table.is_consistent()); }
  bool is_replaced() const { return table.find(young)->tried; }
};

} // namespace

TEST_CASE_FIXTURE(collision, "an occupant that succeeded within 4 hours stays") {
  table.connected(young, 1, start + 4 * hour - 1);
  CHECK_FALSE(is_replaced());
  CHECK(table.collisions() == 0);
  table.connected(young, 1, start + 4 * hour);
  CHECK(table.collisions() == 1);
  CHECK(table.pick_feeler(start + 4 * hour, any) == old);
  table.connected(old, 1, start + 4 * hour + 1);
  CHECK_FALSE(is_replaced());
  CHECK(table.find(old)->tried);
  CHECK(table.collisions() == 0);
}

TEST_CASE_FIXTURE(collision, "an occupant that fails the test goes back to the new") {
  table.connected(young, 1, now);
  CHECK(table.pick_feeler(now, any) == old);
  table.failed(old, now + 1);
  CHECK(is_replaced());
  CHECK(table.collisions() == 0);
  REQUIRE(table.contains(old));
  CHECK_FALSE(table.find(old)->tried);
}

TEST_CASE_FIXTURE(collision, "an occupant that is not tested makes room in 40 minutes") {
  table.connected(young, 1, now);
  CHECK(table.pick_feeler(now, any) == old);
  table.released(old); // no evidence
  table.pick_feeler(now + 40 * minute, none);
  CHECK_FALSE(is_replaced());
  table.pick_feeler(now + 40 * minute + 1, none);
  CHECK(is_replaced());
}

TEST_CASE_FIXTURE(collision, "an old failure is no test, nor does a failing one get in") {
  table.failed(old, start + minute);
  table.connected(young, 1, now);
  CHECK(table.collisions() == 1);
  CHECK_FALSE(is_replaced());
  table.failed(young, now + 1);
  CHECK(table.collisions() == 0);
  table.connected(young, 1, now + 2);
  CHECK(table.collisions() == 1);
  // The slot is free when the occupant is erased.
  table.erase_if([&](auto& x) { return x.remote() == old; });
  table.connected(young, 1, now + 3);
  CHECK(is_replaced());
  CHECK(table.collisions() == 0);
}

TEST_CASE_FIXTURE(collision, "a demoted one yields to a dial under way, not hearsay") {
  const address_placement placement{secret};
  std::mt19937_64 random_address{11};
  endpoint third;
  do
    third = anywhere(random_address);
  while (third == old ||
         placement.among_new(seen(third), third) != placement.among_new(seen(old), old));
  for (bool is_pending : {true, false}) {
    table.erase_if(any);
    respond(old, start);
    table.insert(seen(young, now), young, now);
    table.connected(young, 1, now);
    REQUIRE(table.insert(seen(third), third, now) == insert_result::added);
    auto is_third = [&](const address_entry& x) { return x.remote() == third; };
    if (is_pending)
      REQUIRE(table.pick(now, is_third) == third);
    table.failed(old, now);
    CHECK(is_replaced());
    CHECK(table.contains(third) == is_pending);
    CHECK(table.contains(old) == !is_pending);
    CHECK(table.is_consistent());
  }
}

TEST_CASE_FIXTURE(collision, "an erased entry waits no more") {
  table.connected(young, 1, now);
  CHECK(table.collisions() == 1);
  table.erase_if([&](auto& x) { return x.remote() == young; });
  CHECK(table.collisions() == 0);
}

TEST_CASE_FIXTURE(address_table_fixture, "ten may wait; the next one just stays new") {
  auto same = rivals(13, true);
  respond(same[0], start);
  auto now = start + 5 * hour;
  for (std::size_t i = 1; i < same.size(); ++i) {
    respond(same[i], now);
    CHECK(table.collisions() == std::min(i, address_table::max_collisions));
    CHECK(table.is_consistent());
  }
  REQUIRE(table.pick_feeler(now, any) == same[0]);
  table.failed(same[0], now);
  // The first one waiting got the slot; having just succeeded, it keeps it.
  CHECK(table.find(same[1])->tried);
  CHECK(table.collisions() == 0);
  CHECK(table.counts().in_tried == 1);
  CHECK(table.is_consistent());
}

TEST_CASE_FIXTURE(address_table_fixture, "a clock that is set back makes none recent") {
  const auto ahead = start + 2 * 365 * day;
  const auto remote = in_range(30, 1, 1);
  table.insert(seen(remote, ahead), remote, ahead);
  REQUIRE(table.pick(ahead, any) == remote);
  // The dial was given up on without a word; then the clock was set right.
  const auto* entry = table.find(remote);
  REQUIRE(entry != nullptr);
  CHECK(entry->is_pending(ahead - minute));
  CHECK_FALSE(entry->is_pending(start));
  CHECK(entry->is_terrible(start)); // seen in the future: anybody may replace it
  CHECK(table.insert(seen(remote, start), remote, start) == insert_result::updated);
  CHECK_FALSE(entry->is_terrible(start));
  CHECK(table.pick(start, any) == remote);
  table.connected(remote, 1, start);
  CHECK(table.disconnected(remote, start));
  CHECK(entry->address.time == start);
}
