// SPDX-License-Identifier: MIT
#include "address_table_fixture.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

using namespace peerage;
using namespace peerage::address_table_testing;

TEST_CASE("the hash is SipHash-2-4") {
  hash_secret key;
  std::iota(key.begin(), key.end(), std::uint8_t{0});
  std::array<std::byte, 16> input;
  for (std::size_t i = 0; i < input.size(); ++i)
    input[i] = static_cast<std::byte>(i);
  const std::map<std::size_t, std::uint64_t> published{
    {0, 0x726fdb47dd0e0e31u}, {1, 0x74f839c593dc67fdu},  {7, 0xab0200f58b01d137u},
    {8, 0x93f5f5799a932462u}, {15, 0xa129ca6149be45e5u}, {16, 0x3f2acc7f57c29bdbu}};
  for (auto [length, hash] : published)
    CHECK(siphash(key, std::span{input}.first(length)) == hash);
}

TEST_CASE("addresses are grouped by what one operator hardly has many of") {
  auto v4 = [](int a, int b, int c, std::uint16_t port = 1) {
    return group_of(ipv4_endpoint(static_cast<std::uint8_t>(a),
                                  static_cast<std::uint8_t>(b),
                                  static_cast<std::uint8_t>(c), 1, port));
  };
  CHECK(v4(1, 2, 3) == v4(1, 2, 9, 2));
  CHECK(v4(1, 2, 3) != v4(1, 3, 3));
  CHECK(v4(127, 0, 0, 1) != v4(127, 0, 0, 2));
  endpoint a, b, c;
  REQUIRE(parse_endpoint("[2a00:1:2::1]:1", 0, a));
  REQUIRE(parse_endpoint("[2a00:1:3::1]:2", 0, b));
  REQUIRE(parse_endpoint("[2a00:2:2::1]:1", 0, c));
  CHECK(group_of(a) == group_of(b));
  CHECK(group_of(a) != group_of(c));
  for (std::uint8_t network : {wire::tor_v3_network, wire::i2p_network}) {
    CHECK(group_of(overlay(network, 32, 0x51)) ==
          group_of(overlay(network, 32, 0x5f, 9)));
    CHECK(group_of(overlay(network, 32, 0x51)) != group_of(overlay(network, 32, 0x61)));
  }
  CHECK(group_of(overlay(4, 32, 0x51)) != group_of(overlay(5, 32, 0x51)));
  auto cjdns = overlay(wire::cjdns_network, 16, 0xfc), other = cjdns;
  cjdns.bytes[1] = 0x51;
  other.bytes[1] = 0x5e;
  CHECK(group_of(cjdns) == group_of(other));
  other.bytes[1] = 0x61;
  CHECK(group_of(cjdns) != group_of(other));
}

TEST_CASE("what one group can reach is bounded, and the secret decides where") {
  const address_placement placement{secret};
  const address_placement elsewhere{hash_secret{9}};
  std::mt19937_64 random{2};
  const auto source = in_range(5, 5, 1);
  std::set<std::size_t> by_source, by_nobody, by_pair, by_group;
  std::size_t moved = 0;
  for (std::size_t i = 0; i < 5'000; ++i) {
    auto x = seen(anywhere(random));
    by_source.insert(placement.among_new(x, source).bucket);
    by_nobody.insert(placement.among_new(x, std::nullopt).bucket);
    auto near = seen(in_range(6, 6, i));
    by_pair.insert(placement.among_new(near, in_range(5, 5, i)).bucket);
    by_group.insert(placement.among_tried(near).bucket);
    moved += placement.among_tried(x) == elsewhere.among_tried(x) ? 0 : 1;
    CHECK(placement.among_new(x, source).slot < slots_per_bucket);
  }
  CHECK(by_source.size() <= new_buckets_per_source_group);
  CHECK(by_source.size() > new_buckets_per_source_group / 2);
  CHECK(by_nobody.size() <= new_buckets_per_source_group);
  CHECK(by_pair.size() == 1);
  CHECK(by_group.size() <= tried_buckets_per_group);
  CHECK(by_group.size() > 1);
  CHECK(*by_source.rbegin() < new_buckets);
  CHECK(moved > 4'900);
}

TEST_CASE("terrible entries, and the chance of the others, at the limits") {
  address_entry x{.address = seen(in_range(1, 2, 3)), .source = {}};
  auto now = start;
  CHECK_FALSE(x.is_terrible(now));
  CHECK_FALSE(x.is_terrible(start + 30 * day));
  CHECK(x.is_terrible(start + 30 * day + 1));
  CHECK_FALSE(x.is_terrible(start - 10 * minute));
  CHECK(x.is_terrible(start - 10 * minute - 1));
  x.failures = 2;
  CHECK_FALSE(x.is_terrible(now));
  x.failures = 3;
  CHECK(x.is_terrible(now));
  x.last_attempt = now - minute;
  CHECK_FALSE(x.is_terrible(now));
  x.last_attempt = now - minute - 1;
  CHECK(x.is_terrible(now));
  x.given_out = true;
  CHECK_FALSE(x.is_terrible(now));
  x.given_out = false;
  x.last_success = now - 7 * day;
  x.failures = 10;
  CHECK_FALSE(x.is_terrible(now));
  x.last_success -= 1;
  CHECK(x.is_terrible(now));
  x.failures = 9;
  CHECK_FALSE(x.is_terrible(now));

  x = {.address = seen(in_range(1, 2, 3)), .source = {}};
  CHECK(x.chance(now) == 1);
  x.last_attempt = now - 10 * minute;
  CHECK(x.chance(now) == 1);
  x.last_attempt += 1;
  CHECK(x.chance(now) == doctest::Approx(0.01));
  x.last_attempt = 0;
  x.failures = 2;
  CHECK(x.chance(now) == doctest::Approx(0.66 * 0.66));
  x.failures = 1'000;
  x.last_attempt = now;
  CHECK(x.chance(now) == doctest::Approx(0.01 * std::pow(0.66, 8)));
  // Certain well before the last draw.
  CHECK(x.chance(now) * std::pow(1.2, address_buckets::max_draws - 10) > 1);
}

namespace {

struct attack : address_table_fixture {
  std::mt19937_64 random_address{10};

  std::vector<endpoint> add_honest(address_table& to, int count) {
    std::vector<endpoint> added;
    for (int i = 0; i < count; ++i) {
      auto x = anywhere(random_address);
      if (to.insert(seen(x), anywhere(random_address), start) == insert_result::added)
        added.push_back(x);
    }
    return added;
  }
  /// 10,000 addresses of 200.1.0.0/16 and 200.2.0.0/16, each told `times` times.
  template <class Source>
  void flood(int times, Source source) {
    for (std::size_t i = 0; i < 10'000; ++i)
      for (int j = 0; j < times; ++j)
        table.insert(seen(in_range(200, i % 2 ? 1 : 2, i)), source(i + 7'777u * j),
                     start);
  }
  static bool is_attacker(const address_entry& x) { return x.remote()->ip[12] == 200; }
  std::size_t attackers() const {
    std::size_t result = 0;
    for (const auto& x : table.entries())
      result += is_attacker(x) ? 1 : 0;
    return result;
  }
};

} // namespace

TEST_CASE_FIXTURE(attack, "one source cannot fill the table with two ranges") {
  auto before = add_honest(table, 2'000);
  flood(2, [](auto) { return in_range(201, 1, 1); });
  // Two groups of addresses, one of sources: two buckets.
  CHECK(attackers() <= 2 * slots_per_bucket);
  CHECK(attackers() > slots_per_bucket);
  for (const auto& x : before)
    CHECK(table.contains(x));
}

TEST_CASE_FIXTURE(attack, "nor can many sources of two ranges; others get in as before") {
  auto before = add_honest(table, 2'000);
  address_table unharmed{secret, random};
  REQUIRE(unharmed.restore(table.entries(), start) == table.size());
  flood(4, [](auto i) { return in_range(201, i % 3 == 0 ? 1 : 2, i); });
  // Two groups of addresses times two of sources.
  CHECK(attackers() <= 4 * slots_per_bucket);
  CHECK(attackers() > 2 * slots_per_bucket);
  for (const auto& x : before)
    CHECK(table.contains(x));
  auto again = random_address;
  const auto expected = add_honest(unharmed, 2'000).size();
  random_address = again;
  // An address without a place has met one of the 4 of 256 buckets.
  CHECK(add_honest(table, 2'000).size() >= expected * 95 / 100);
  // Picks go by buckets: the share of the attackers is not that of their entries.
  std::size_t bad = 0;
  for (int i = 0; i < 1'000; ++i) {
    auto x = *table.pick(start, any);
    bad += is_attacker(*table.find(x)) ? 1 : 0;
  }
  CHECK(bad <= 40); // 4 of 256 buckets of the new; 16 expected
}

TEST_CASE_FIXTURE(attack, "one source gets a sixteenth at most, whatever it tells") {
  for (int i = 0; i < 60'000; ++i)
    table.insert(seen(anywhere(random_address)), in_range(201, 1, 1), start);
  CHECK(table.size() <= new_buckets_per_source_group * slots_per_bucket);
  CHECK(table.size() > new_buckets_per_source_group * slots_per_bucket / 2);
}

TEST_CASE_FIXTURE(attack, "answering from two ranges takes an eighth of the tried") {
  auto honest = add_honest(table, 2'000);
  for (const auto& x : honest)
    table.connected(x, 1, start);
  const auto in_tried = table.counts().in_tried;
  CHECK(in_tried > 1'400);
  auto now = start + hour;
  for (std::size_t i = 0; i < 20'000; ++i) {
    auto x = in_range(200, i % 2 ? 1 : 2, i);
    table.insert(seen(x), anywhere(random_address), now);
    table.connected(x, 1, now);
  }
  std::size_t taken = 0;
  for (const auto& x : table.entries())
    taken += x.tried && is_attacker(x) ? 1 : 0;
  CHECK(taken <= 2 * tried_buckets_per_group * slots_per_bucket);
  CHECK(table.counts().in_tried == in_tried + taken); // none was pushed out
  CHECK(table.is_consistent());
}
