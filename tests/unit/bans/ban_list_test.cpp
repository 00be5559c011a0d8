// SPDX-License-Identifier: MIT
#include "actors/bans/ban_list.hpp"
#include "messages/ban.hpp"
#include "tests/support/endpoints.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <random>

using namespace peerage;
using namespace peerage::test;
using std::chrono::hours;
using std::chrono::seconds;

namespace {

constexpr unix_seconds noon = 1'700'000'000;
constexpr unix_seconds day = one_day;
constexpr auto last = std::numeric_limits<unix_seconds>::max();

/// The n-th of many hosts.
subnet host(std::size_t n) {
  return host_of(ipv4_endpoint(20, static_cast<std::uint8_t>(n >> 16),
                               static_cast<std::uint8_t>(n >> 8),
                               static_cast<std::uint8_t>(n), 0));
}

endpoint address_in(const subnet& x) {
  return {x.ip, 8333};
}

} // namespace

TEST_CASE("a copy has what was lifted and banned again in one message") {
  ban_list copy;
  const ban first{range("1.2.3.0/24"), noon, noon + 10, std::nullopt};
  const ban again{range("1.2.3.0/24"), noon, noon + 5, std::nullopt};
  copy.apply({{first}, {}}, noon);
  copy.apply({{again}, {again.range}}, noon);
  CHECK(copy.get(again.range, noon) == again);
  copy.apply({{}, {again.range}}, noon);
  CHECK(copy.size() == 0);
}

TEST_CASE("a ban covers its range until its end, and not a second longer") {
  ban_list bans;
  CHECK(bans.add(range("1.2.3.0/24"), noon) == ban_result::done);
  CHECK(bans.is_banned(at("1.2.3.77:1"), noon));
  CHECK(bans.is_banned(at("::ffff:1.2.3.77"), noon)); // I13
  CHECK_FALSE(bans.is_banned(at("1.2.4.0"), noon));
  CHECK(bans.is_banned(at("1.2.3.77"), noon + day - 1));
  CHECK_FALSE(bans.is_banned(at("1.2.3.77"), noon + day));
  CHECK(bans.list(noon + day).empty());
  auto found = bans.find(at("1.2.3.77"), noon);
  REQUIRE(found);
  CHECK(*found == ban{range("1.2.3.0/24"), noon, noon + day, std::nullopt});
  CHECK(reason_of(*found) == "manual");
}

TEST_CASE("durations follow Core's setban") {
  ban_list bans;
  CHECK(bans.add(range("1.1.1.1"), noon, seconds{0}) == ban_result::done);
  CHECK(bans.add(range("1.1.1.2"), noon, seconds{-5}) == ban_result::done);
  CHECK(bans.add(range("1.1.1.3"), noon, seconds{1}) == ban_result::done);
  CHECK(bans.add(range("1.1.1.4"), noon, seconds::max()) == ban_result::done);
  CHECK(bans.add_until(range("1.1.1.5"), noon, noon + 7) == ban_result::done);
  CHECK(bans.add_until(range("1.1.1.6"), noon, noon) == ban_result::time_in_past);
  CHECK(bans.add_until(range("1.1.1.6"), noon, noon - 1) == ban_result::time_in_past);
  CHECK(bans.add_until(range("1.1.1.6"), noon, -last) == ban_result::time_in_past);
  auto listed = bans.list(noon);
  REQUIRE(listed.size() == 5);
  const std::array<unix_seconds, 5> ends{noon + day, noon + day, noon + 1, last,
                                         noon + 7};
  for (std::size_t i = 0; i < ends.size(); ++i) {
    CHECK(listed[i].until == ends[i]);
    CHECK(listed[i].created == noon);
  }
}

TEST_CASE("a range is banned by a person only once, and lifted only as it was banned") {
  ban_list bans;
  CHECK(bans.add(range("1.2.3.0/24"), noon) == ban_result::done);
  CHECK(bans.add(range("1.2.3.0/24"), noon, hours{99}) == ban_result::already_banned);
  // Every other range has a ban of its own, be it wider or narrower.
  CHECK(bans.is_manually_banned(at("1.2.3.4"), noon));
  CHECK_FALSE(bans.is_manually_banned(at("1.2.4.4"), noon));
  CHECK(bans.add_until(range("1.2.3.4"), noon, 5) == ban_result::time_in_past);
  CHECK(bans.add(range("1.2.3.4"), noon, seconds{9}) == ban_result::done);
  CHECK(bans.add(range("1.2.3.4/32"), noon) == ban_result::already_banned);
  CHECK(bans.get(range("1.2.3.4"), noon)->until == noon + 9);
  CHECK(bans.get(range("1.2.3.0/24"), noon)->until == noon + day);
  CHECK(bans.remove(range("1.2.3.4"), noon) == ban_result::done);
  CHECK(bans.is_banned(at("1.2.3.4"), noon)); // by the wider one
  CHECK(bans.add(range("1.2.3.0/25"), noon) == ban_result::done);
  CHECK(bans.add(range("1.2.0.0/16"), noon) == ban_result::done);
  CHECK(bans.remove(range("1.2.3.4"), noon) == ban_result::not_banned);
  CHECK(bans.remove(range("1.2.3.0/26"), noon) == ban_result::not_banned);
  CHECK(bans.remove(range("1.2.3.0/24"), noon) == ban_result::done);
  CHECK(bans.remove(range("1.2.3.0/24"), noon) == ban_result::not_banned);
  CHECK(bans.is_banned(at("1.2.3.4"), noon));
  bans.clear();
  CHECK(bans.size() == 0);
  CHECK_FALSE(bans.is_banned(at("1.2.3.4"), noon));
  CHECK(bans.add(range("1.2.3.4"), noon) == ban_result::done);
}

TEST_CASE("what is over is neither in the way nor to be lifted") {
  ban_list bans;
  bans.add(range("1.2.3.4"), noon, seconds{10});
  CHECK(bans.add(range("1.2.3.4"), noon + 9) == ban_result::already_banned);
  CHECK(bans.remove(range("1.2.3.4"), noon + 10) == ban_result::not_banned);
  bans.add(range("1.2.3.4"), noon, seconds{10});
  CHECK(bans.add(range("1.2.3.4"), noon + 10, seconds{5}) == ban_result::done);
  CHECK(bans.find(at("1.2.3.4"), noon + 10)->until == noon + 15);
  // A misbehaviour ban after a manual one that is over is no manual one.
  bans.add_misbehaving(range("1.2.3.4"), noon + 15, misbehaviour::broken_rule);
  CHECK(bans.find(at("1.2.3.4"), noon + 15)->cause == misbehaviour::broken_rule);
}

TEST_CASE("two bans of one range: the later end counts, and a person's word stays") {
  auto host = range("1.2.3.4");
  auto peer = at("1.2.3.4");
  ban_list bans;
  CHECK(bans.add_misbehaving(host, noon, misbehaviour::broken_rule) == ban_result::done);
  CHECK(bans.add_misbehaving(host, noon + 60, misbehaviour::invalid_data) ==
        ban_result::done);
  CHECK(*bans.find(peer, noon + 60) ==
        ban{host, noon + 60, noon + 60 + day, misbehaviour::invalid_data});
  SUBCASE("a shorter manual ban shortens nothing") {
    CHECK(bans.add(host, noon + 61, seconds{1}) == ban_result::done);
    CHECK(*bans.find(peer, noon + 61) ==
          ban{host, noon + 60, noon + 60 + day, std::nullopt});
  }
  SUBCASE("a longer manual ban takes over") {
    CHECK(bans.add(host, noon + 61, hours{48}) == ban_result::done);
    CHECK(*bans.find(peer, noon + 61) ==
          ban{host, noon + 61, noon + 61 + 2 * day, std::nullopt});
  }
  CHECK(bans.add_misbehaving(host, noon + 62, misbehaviour::malformed) ==
        ban_result::done);
  CHECK(bans.find(peer, noon + 62)->is_manual());
  CHECK(bans.find(peer, noon + 62)->until >= noon + 62 + day);
  CHECK(bans.size() == 1);
}

TEST_CASE("of several bans that cover an address, the longest one is found") {
  ban_list bans;
  bans.add(range("1.2.3.4"), noon, seconds{40});
  bans.add(range("1.2.0.0/16"), noon, seconds{50});
  bans.add(range("0.0.0.0/0"), noon, seconds{30});
  CHECK(bans.find(at("1.2.3.4"), noon)->range == range("1.2.0.0/16"));
  CHECK(bans.find(at("9.9.9.9"), noon)->range == range("0.0.0.0/0"));
  CHECK_FALSE(bans.is_banned(at("2a00::1"), noon));
  CHECK(bans.list(noon).size() == 3);
  CHECK(bans.list(noon + 40).size() == 1);
}

TEST_CASE("what covers a range is what covers all of it, and of its family") {
  ban_list bans;
  bans.add(range("::/0"), noon, seconds{900});
  bans.add(range("10.0.0.0/8"), noon, seconds{50});
  bans.add(range("10.1.0.0/16"), noon, seconds{40});
  CHECK(bans.find(range("10.1.2.0/24"), noon)->range == range("10.0.0.0/8"));
  CHECK(bans.find(range("10.0.0.0/8"), noon)->range == range("10.0.0.0/8"));
  CHECK_FALSE(bans.find(range("0.0.0.0/0"), noon));
  CHECK_FALSE(bans.find(range("11.0.0.0/8"), noon));
  CHECK(bans.find(range("2a00::/16"), noon)->range == range("::/0"));
}

TEST_CASE("a ban of a link-local address holds on its link, or without a zone on all") {
  auto on = [](std::uint32_t zone) {
    auto result = at("[fe80::1]:1");
    result.zone = zone;
    return result;
  };
  ban_list bans;
  bans.add(host_of(on(3)), noon);
  CHECK(bans.is_banned(on(3), noon));
  CHECK_FALSE(bans.is_banned(on(4), noon));
  CHECK_FALSE(bans.is_banned(on(0), noon));
  bans.add(range("fe80::/64"), noon);
  CHECK(bans.is_banned(on(4), noon));
  CHECK(bans.is_banned(on(0), noon));
  auto saved = bans.list(noon);
  ban_list restored;
  restored.restore(saved, noon);
  CHECK(restored.list(noon) == saved);
}

TEST_CASE("a range of IPv6 never takes IPv4 along") {
  for (auto text : {"::/0", "::/64", "::/80"}) {
    ban_list bans;
    bans.add(range(text), noon);
    CHECK_FALSE(bans.is_banned(at("1.2.3.4"), noon));
    CHECK(bans.is_banned(at("::7"), noon));
    CHECK(bans.add(range("1.2.3.4"), noon) == ban_result::done);
  }
}

TEST_CASE("loopback can be banned by a person") {
  ban_list bans;
  CHECK(bans.add(range("127.0.0.0/8"), noon) == ban_result::done);
  CHECK(bans.is_banned(at("127.0.0.1"), noon));
}

TEST_CASE("sweeping forgets what is over, and says when there is more to do") {
  ban_list bans;
  CHECK_FALSE(bans.next_end());
  bans.add(range("1.1.1.1"), noon, seconds{30});
  CHECK(bans.next_end() == noon + 30);
  bans.add_misbehaving(range("1.1.1.2"), noon, misbehaviour::broken_rule);
  bans.add(range("1.1.1.3"), noon, seconds{10});
  CHECK(bans.next_end() == noon + 10);
  CHECK(bans.sweep(noon + 9) == 0);
  CHECK(bans.sweep(noon + 10) == 1);
  CHECK(bans.next_end() == noon + 30);
  CHECK(bans.sweep(noon + day) == 2);
  CHECK(bans.size() == 0);
  CHECK_FALSE(bans.next_end());
}

TEST_CASE(
  "a full list gives up the misbehaviour ban that ends first, never a manual one") {
  ban_list bans;
  bans.add(range("9.9.9.9"), noon, seconds{100}); // ends before all others
  for (std::size_t i = 0; i + 1 < ban_list::max_bans; ++i)
    bans.add_misbehaving(host(i), noon + static_cast<unix_seconds>(i / 1'000),
                         misbehaviour::broken_rule);
  const auto now = noon + 50;
  CHECK(bans.size() == ban_list::max_bans);
  CHECK(bans.add_misbehaving(range("8.8.8.8"), now, misbehaviour::broken_rule) ==
        ban_result::done);
  CHECK(bans.add(range("8.8.8.9"), now) == ban_result::done);
  CHECK(bans.size() == ban_list::max_bans);
  CHECK_FALSE(bans.is_banned(address_in(host(0)), now));
  CHECK_FALSE(bans.is_banned(address_in(host(1)), now));
  CHECK(bans.is_banned(address_in(host(2)), now));
  CHECK(bans.is_banned(at("9.9.9.9"), now));
  // An ended ban makes room before any other.
  CHECK(bans.add(range("8.8.8.10"), noon + 100) == ban_result::done);
  CHECK(bans.is_banned(address_in(host(2)), now));
  // A ban that would be the first to go is not taken at all.
  CHECK(bans.add_misbehaving(range("7.7.7.7"), noon - 5, misbehaviour::malformed) ==
        ban_result::full);
  for (std::size_t i = 0; i < ban_list::max_bans; ++i)
    bans.add(host(100'000 + i), now);
  CHECK(bans.size() == ban_list::max_bans);
  CHECK(bans.add(range("6.6.6.6"), now, hours{99}) == ban_result::full);
  CHECK(bans.add_misbehaving(range("6.6.6.6"), now, misbehaviour::invalid_data) ==
        ban_result::full);
  CHECK(bans.is_banned(at("8.8.8.9"), now));
  // But a range that has its place already keeps it.
  CHECK(bans.add_misbehaving(range("8.8.8.9"), now, misbehaviour::invalid_data) ==
        ban_result::done);
}

TEST_CASE("bans survive being saved; what cannot be is left out") {
  ban_list bans;
  bans.add(range("1.2.3.0/24"), noon, hours{1'000});
  bans.add(range("2a00:1::/32"), noon, seconds{60});
  bans.add_misbehaving(range("5.5.5.5"), noon, misbehaviour::address_flood);
  auto saved = bans.list(noon);
  ban_list restored;
  restored.restore(saved, noon);
  CHECK(restored.list(noon) == saved);
  restored.restore(saved, noon + 60);
  CHECK(restored.list(noon) == saved);

  ban_list hostile;
  auto crooked = range("1.2.3.0/24");
  crooked.ip[15] = 7;
  hostile.restore({{range("1.1.1.1"), noon - 9, noon, std::nullopt},
                   {range("1.1.1.1"), noon, -last, std::nullopt},
                   {crooked, noon, noon + 9, std::nullopt},
                   {{range("1.1.1.1").ip, 200}, noon, noon + 9, std::nullopt}},
                  noon);
  CHECK(hostile.size() == 0);
  hostile.restore({{range("1.1.1.1"), last, last, misbehaviour::malformed},
                   {range("1.1.1.2"), last, last, std::nullopt}},
                  noon);
  CHECK(hostile.list(noon) ==
        std::vector<ban>{{range("1.1.1.1"), noon, noon + day, misbehaviour::malformed},
                         {range("1.1.1.2"), noon, last, std::nullopt}});
  std::vector<ban> many;
  for (std::size_t i = 0; i < 25'000; ++i)
    many.push_back({host(i), noon, noon + 5, misbehaviour::malformed});
  hostile.restore(many, noon);
  CHECK(hostile.size() == ban_list::max_bans);
}

TEST_CASE("20,000 bans of every prefix length: what is found is what a full scan finds") {
  std::mt19937_64 random{7};
  ban_list bans;
  std::vector<endpoint> addresses;
  while (bans.size() < ban_list::max_bans) {
    endpoint x;
    for (auto& byte : x.ip)
      byte = static_cast<std::uint8_t>(random() % 4);
    if (random() % 2 == 0)
      x = ipv4_endpoint(x.ip[0], x.ip[1], x.ip[2], x.ip[3], 1);
    auto length =
      static_cast<std::uint8_t>(x.is_ipv4() ? 97 + random() % 32 : 20 + random() % 109);
    bans.add_misbehaving(subnet_of(x, length), noon + static_cast<int>(random() % 999),
                         misbehaviour::malformed);
    if (addresses.size() < 200)
      addresses.push_back(x);
  }
  auto all = bans.list(noon);
  for (const auto& x : addresses) {
    unix_seconds longest = 0;
    for (const auto& y : all)
      if (y.range.contains(x) && x.is_ipv4() == y.range.is_ipv4())
        longest = std::max(longest, y.until);
    auto found = bans.find(x, noon);
    CHECK(found.has_value() == (longest > 0));
    CHECK((!found || found->until == longest));
  }
}

TEST_CASE("the ban list behaves as its model over random operations") {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    std::mt19937_64 random{seed};
    ban_list bans;
    std::map<subnet, ban> model;
    auto now = noon;
    auto banned_manually = [&](const subnet& x) {
      return std::ranges::any_of(model, [&](const auto& entry) {
        const auto& y = entry.second;
        return y.is_manual() && y.range == x;
      });
    };
    for (int step = 0; step < 1'500; ++step) {
      now += static_cast<unix_seconds>(random() % 1'000);
      std::erase_if(model, [&](const auto& x) { return x.second.until <= now; });
      auto address = ipv4_endpoint(10, 0, 0, static_cast<std::uint8_t>(random() % 16), 1);
      auto x = subnet_of(address, static_cast<std::uint8_t>(124 + random() % 5));
      auto until = now - 10 + static_cast<unix_seconds>(random() % 200'000);
      auto added = ban{x, now, until, std::nullopt};
      auto expected = ban_result::done;
      ban_result result;
      switch (random() % 4) {
      case 0:
        expected = banned_manually(x) ? ban_result::already_banned
                   : until <= now     ? ban_result::time_in_past
                                      : ban_result::done;
        result = bans.add_until(x, now, until);
        break;
      case 1:
        added.until = now + day;
        added.cause = misbehaviour::broken_rule;
        result = bans.add_misbehaving(x, now, misbehaviour::broken_rule);
        break;
      case 2:
        expected = model.erase(x) ? ban_result::done : ban_result::not_banned;
        result = bans.remove(x, now);
        added.until = 0;
        break;
      default:
        bans.sweep(now);
        CHECK(bans.size() == model.size());
        result = expected;
        added.until = 0;
      }
      CHECK(result == expected);
      if (expected == ban_result::done && added.until > 0) {
        auto [old, is_new] = model.emplace(x, added);
        if (!is_new) {
          const bool manual = added.is_manual() || old->second.is_manual();
          if (added.until >= old->second.until)
            old->second = added;
          if (manual)
            old->second.cause = std::nullopt;
        }
      }
      auto listed = bans.list(now);
      CHECK(listed.size() == model.size());
      CHECK(
        std::ranges::equal(listed, model, {}, {}, &decltype(model)::value_type::second));
    }
  }
}
