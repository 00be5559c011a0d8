// SPDX-License-Identifier: MIT
#include "address_table_fixture.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <map>
#include <set>

using namespace peerage;
using namespace peerage::address_table_testing;

// -- hearsay --------------------------------------------------------------------------

TEST_CASE_FIXTURE(address_table_fixture,
                  "I13: an IPv4-mapped address is its IPv4 address") {
  const auto remote = in_range(1, 2, 3);
  wire::network_address mapped{static_cast<std::uint32_t>(start),
                               0,
                               wire::ipv6_network,
                               {remote.ip.begin(), remote.ip.end()},
                               8333};
  CHECK(table.insert(mapped, {}, start) == insert_result::added);
  CHECK(table.insert(seen(remote), {}, start) == insert_result::known);
  CHECK(table.size() == 1);
  CHECK(table.counts(wire::ipv4_network) == address_counts{1, 0});
  CHECK(table.counts(wire::ipv6_network) == address_counts{});
  REQUIRE(table.find(mapped) != nullptr);
  CHECK(table.find(mapped)->address == seen(remote));
  CHECK(table.pick(start, any) == remote);
}

TEST_CASE_FIXTURE(address_table_fixture, "addresses of the wrong shape are refused") {
  const std::map<std::uint8_t, std::size_t> lengths{
    {1, 4}, {2, 16}, {4, 32}, {5, 32}, {6, 16}};
  for (int network = 0; network < 256; ++network) {
    auto known = lengths.find(static_cast<std::uint8_t>(network));
    const auto length = known == lengths.end() ? 10 : known->second;
    auto x = overlay(static_cast<std::uint8_t>(network), length, 1);
    if (known == lengths.end()) {
      CHECK(table.insert(x, {}, start) == insert_result::no_address);
      continue;
    }
    x.port = 0;
    CHECK(
      table.insert(x, {}, start) ==
      (network == wire::i2p_network ? insert_result::added : insert_result::no_address));
    for (std::size_t wrong : {std::size_t{0}, length - 1, length + 1, std::size_t{512}}) {
      x.bytes.assign(wrong, 1);
      CHECK(table.insert(x, {}, start) == insert_result::no_address);
      CHECK(table.find(x) == nullptr);
    }
  }
  CHECK(table.size() == 1);
}

TEST_CASE_FIXTURE(address_table_fixture,
                  "claims about time are clamped, and only move forward") {
  std::uint8_t host = 0;
  auto stored = [&](unix_seconds claimed) {
    auto x = in_range(1, 2, ++host);
    REQUIRE(table.insert(seen(x, claimed), in_range(9, host, 1), start) ==
            insert_result::added);
    return unix_seconds{table.find(x)->address.time};
  };
  CHECK(stored(start + 10 * minute) == start + 10 * minute);
  CHECK(stored(start + 10 * minute + 1) == start - 5 * day);
  CHECK(stored(0) == start - 5 * day);
  CHECK(stored(100'000'000) == start - 5 * day);
  CHECK(stored(100'000'001) == 100'000'001);
  CHECK(stored(std::numeric_limits<std::uint32_t>::max()) == start - 5 * day);

  const auto x = in_range(3, 3, 3);
  auto tell = [&](unix_seconds time, std::uint64_t services) {
    return table.insert(seen(x, time, services), {}, start);
  };
  CHECK(tell(start - day, 1) == insert_result::added);
  CHECK(tell(start - 2 * day, 1) == insert_result::known);
  CHECK(tell(start + day, 1) == insert_result::known);
  CHECK(table.find(x)->address.time == start - day);
  CHECK(tell(start, 1) == insert_result::updated);
  CHECK(tell(start, 8) == insert_result::updated);
  CHECK(table.find(x)->address == seen(x, start, 9));
  // Others cannot change what the node itself has told.
  table.connected(x, 5, start);
  CHECK(tell(start, 64) == insert_result::known);
  CHECK(table.find(x)->address.services == 5);
}

TEST_CASE_FIXTURE(address_table_fixture,
                  "a taken slot is given up only by a terrible entry") {
  auto both = rivals(2, false);
  CHECK(table.insert(seen(both[0]), both[0], start) == insert_result::added);
  CHECK(table.insert(seen(both[1]), both[1], start) == insert_result::slot_taken);
  for (int i = 0; i < 3; ++i)
    table.failed(both[0], start);
  CHECK(table.insert(seen(both[1]), both[1], start + minute) ==
        insert_result::slot_taken);
  auto later = start + hour;
  REQUIRE(table.pick(later, any) == both[0]);
  CHECK(table.insert(seen(both[1]), both[1], later + 2 * minute) ==
        insert_result::slot_taken);
  table.released(both[0]);
  CHECK(table.insert(seen(both[1]), both[1], later + 2 * minute) == insert_result::added);
  CHECK_FALSE(table.contains(both[0]));
  CHECK(table.is_consistent());
}

// -- looking, removing, saving --------------------------------------------------------

TEST_CASE_FIXTURE(address_table_fixture,
                  "samples are distinct, limited, and never terrible") {
  std::mt19937_64 random_address{6};
  while (table.size() < 101)
    table.insert(seen(anywhere(random_address)), anywhere(random_address), start);
  CHECK(table.sample(1'000, 23, any, start).size() == 24);
  CHECK(table.sample(10, 23, any, start).size() == 10);
  CHECK(table.sample(0, 23, any, start).empty());
  CHECK(table.sample(10, 0, any, start).empty());
  CHECK(table.sample(1'000, 100, none, start).empty());
  CHECK(table.sample(1'000, std::numeric_limits<std::size_t>::max(), any, start).size() ==
        101);
  std::map<endpoint, int> times_sampled;
  for (int i = 0; i < 400; ++i) {
    std::set<endpoint> distinct;
    for (const auto& x : table.sample(20, 100, any, start))
      distinct.insert(*to_endpoint(x));
    REQUIRE(distinct.size() == 20);
    for (const auto& x : distinct)
      ++times_sampled[x];
  }
  CHECK(times_sampled.size() == 101);
  for (const auto& [x, times] : times_sampled)
    CHECK(std::abs(times - 79) < 45); // 8 is a standard deviation
  const auto terrible = *to_endpoint(table.sample(1, 100, any, start).front());
  for (int i = 0; i < 3; ++i)
    table.failed(terrible, start - hour);
  CHECK(table.sample(1'000, 100, any, start).size() == 100);
  CHECK(table.sample(1'000, 100, any, start + 31 * day).empty());
  const auto tor = overlay(wire::tor_v3_network, 32, 1);
  table.insert(tor, {}, start);
  auto is_tor = [](auto& x) { return !x.remote(); };
  CHECK(table.sample(5, 100, is_tor, start) == std::vector{tor});
}

TEST_CASE_FIXTURE(address_table_fixture, "what is saved comes back") {
  std::mt19937_64 random_address{8};
  for (int i = 0; i < 2'000; ++i) {
    auto x = anywhere(random_address);
    table.insert(seen(x), anywhere(random_address), start);
    if (i % 4 == 0)
      table.connected(x, 9, start);
    else if (i % 4 == 1)
      table.failed(x, start);
  }
  table.pick(start, any);
  address_table other{table.secret(), random};
  CHECK(other.restore(table.entries(), start) == table.size());
  CHECK(other.counts() == table.counts());
  CHECK(other.is_consistent());
  for (auto x : table.entries()) {
    x.given_out = false;
    REQUIRE(other.find(x.address) != nullptr);
    CHECK(*other.find(x.address) == x);
  }
  // With another secret places are others; most find one all the same.
  address_table moved{hash_secret{1}, random};
  CHECK(moved.restore(table.entries(), start) > table.size() * 8 / 10);
  CHECK(moved.is_consistent());
}

TEST_CASE_FIXTURE(address_table_fixture,
                  "a damaged or hostile file cannot break the table") {
  constexpr auto least = std::numeric_limits<unix_seconds>::min();
  constexpr auto most = std::numeric_limits<unix_seconds>::max();
  constexpr unix_seconds latest = std::numeric_limits<std::uint32_t>::max();
  const auto x = in_range(1, 2, 3), y = in_range(1, 3, 3), z = in_range(1, 4, 3);
  auto tor = overlay(wire::tor_v3_network, 32, 1);
  wire::network_address mapped{0, 0, 2, {x.ip.begin(), x.ip.end()}, x.port};
  std::vector<address_entry> saved{
    {seen(x, start + day), {}, most, most, 0xffffffff, true, true},
    {seen(y), {}, least, least, 5, true, true},
    {seen(z), {}, 0, 0, 0, false, true},
    {tor, {}, start, start, 0, false, true},
    {seen(x), {}, 0, 0, 0, false, false}, // known by now
    {mapped, {}, 0, 0, 0, false, false},  // likewise
    {{0, 0, 1, {1, 2, 3}, 8333}, {}, 0, 0, 0, false, false},
    {{0, 0, 99, {1, 2, 3}, 8333}, {}, 0, 0, 0, false, false},
    {seen(x.with_port(0)), {}, 0, 0, 0, false, false}};
  CHECK(table.restore(saved, start) == 4);
  CHECK(table.is_consistent());
  CHECK(*table.find(x) ==
        address_entry{seen(x, start + day), {}, latest, latest, 0xffffffff, false, true});
  CHECK(*table.find(y) == address_entry{seen(y), {}, 0, 0, 5, false, false});
  CHECK_FALSE(table.find(z)->tried);
  CHECK_FALSE(table.find(tor)->tried);
  CHECK(table.failed(x, start));
  CHECK(table.find(x)->state(start) == address_state::failed);

  std::mt19937_64 random_address{9};
  saved.clear();
  for (int i = 0; i < 60'000; ++i)
    saved.push_back({seen(anywhere(random_address)), anywhere(random_address), 0, start,
                     0, false, true});
  const auto taken = table.restore(saved, start);
  CHECK(taken + 4 == table.size());
  CHECK(table.size() <= address_table::capacity);
  CHECK(table.size() > address_table::capacity * 9 / 10);
  CHECK(table.is_consistent());
}

TEST_CASE_FIXTURE(address_table_fixture,
                  "what was saved survives a start with a clock that is years behind") {
  const auto x = in_range(1, 2, 3), y = in_range(1, 3, 3);
  respond(x, start - day);
  table.insert(seen(y, start - 2 * day), y, start);
  const auto behind = start - 2 * 365 * day;
  address_table later{secret, random};
  CHECK(later.restore(table.entries(), behind) == 2);
  CHECK(later.pick(behind, any)); // it can be dialed meanwhile
  // Then the clock is set right.
  CHECK(later.find(x)->address.time == start - day);
  CHECK(later.find(x)->last_success == start - day);
  CHECK(later.find(y)->address.time == start - 2 * day);
  CHECK_FALSE(later.find(x)->is_terrible(start));
  CHECK_FALSE(later.find(y)->is_terrible(start));
  CHECK(later.is_consistent());
}
