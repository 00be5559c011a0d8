// SPDX-License-Identifier: MIT
#include "actors/dialing/backoff.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <random>

using namespace peerage;
using namespace std::chrono_literals;

namespace {

constexpr unix_seconds noon = 1'700'000'000;
const time_point start{std::chrono::hours{5}};

/// The n-th of many addresses.
endpoint address(std::size_t n) {
  return ipv4_endpoint(20, static_cast<std::uint8_t>(n >> 16),
                       static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n),
                       8333);
}

/// How long `x` is left alone from `now` on.
time_point::duration pause_of(const backoff& pauses, const endpoint& x, time_point now) {
  auto ready = pauses.ready_at(x);
  REQUIRE(ready);
  CHECK(pauses.may_dial(x, *ready));
  CHECK_FALSE(pauses.may_dial(x, *ready - 1ns));
  return *ready - now;
}

} // namespace

TEST_CASE("pauses double from the first to the longest, with up to a quarter on top") {
  for (auto schedule : {manual_backoff, discovered_backoff})
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      random_source random{seed};
      backoff pauses{schedule, random};
      time_point::duration expected = schedule.first;
      auto now = start;
      for (std::uint32_t i = 1; i <= 40; ++i) {
        pauses.failed(address(1), now);
        CHECK(pauses.failures_of(address(1)) == i);
        auto pause = pause_of(pauses, address(1), now);
        CHECK(pause >= expected);
        CHECK(pause <= expected + expected / 4);
        expected = std::min<time_point::duration>(expected * 2, schedule.longest);
        now += pause;
      }
      CHECK(expected == schedule.longest);
    }
}

TEST_CASE("jitter spreads those that failed together") {
  random_source random{1};
  backoff pauses{discovered_backoff, random};
  auto lowest = time_point::duration::max(), highest = time_point::duration::zero();
  for (std::size_t i = 0; i < 1'000; ++i) {
    pauses.failed(address(i), start);
    auto pause = pause_of(pauses, address(i), start);
    lowest = std::min(lowest, pause);
    highest = std::max(highest, pause);
  }
  CHECK(lowest < 120s);
  CHECK(highest > 147s);
}

TEST_CASE("an address that never failed may be dialed at any time") {
  random_source random{1};
  backoff pauses{discovered_backoff, random};
  CHECK(pauses.may_dial(address(1), time_point::min()));
  CHECK_FALSE(pauses.ready_at(address(1)));
  pauses.failed(address(1), start);
  CHECK(pauses.may_dial(address(1).with_port(1), start));
  pauses.forget(address(1));
  pauses.forget(address(2));
  CHECK(pauses.may_dial(address(1), start));
  CHECK(pauses.size() == 0);
}

TEST_CASE("a settled connection forgives failures, a short one is one") {
  random_source random{1};
  backoff pauses{discovered_backoff, random};
  for (int i = 0; i < 4; ++i)
    pauses.failed(address(1), start);
  pauses.disconnected(address(1), backoff::settled - 1ns, start);
  CHECK(pauses.failures_of(address(1)) == 5);
  CHECK(pause_of(pauses, address(1), start) >= 16 * 119s);
  pauses.disconnected(address(1), backoff::settled, start);
  CHECK(pauses.failures_of(address(1)) == 0);
  // Still not called back at once.
  auto pause = pause_of(pauses, address(1), start);
  CHECK(pause >= 119s);
  CHECK(pause <= 119s + 119s / 4 + 1s);
}

TEST_CASE("a full table forgets the one that is ready first") {
  random_source random{1};
  backoff pauses{discovered_backoff, random};
  pauses.failed(address(1), start + 1h);
  for (std::size_t i = 2; i <= backoff::max_addresses; ++i)
    pauses.failed(address(i), start + std::chrono::milliseconds{i * 100});
  pauses.failed(address(2), start + 1h);
  CHECK(pauses.size() == backoff::max_addresses);
  std::size_t soonest = 3;
  for (std::size_t i = 3; i <= backoff::max_addresses; ++i)
    if (pauses.ready_at(address(i)) < pauses.ready_at(address(soonest)))
      soonest = i;
  pauses.failed(address(1'000'000), start + 1h);
  CHECK(pauses.size() == backoff::max_addresses);
  CHECK_FALSE(pauses.ready_at(address(soonest)));
  for (std::size_t i = 0; i < 40'000; ++i)
    pauses.failed(address(100'000 + i), start);
  CHECK(pauses.size() == backoff::max_addresses);
  CHECK(pauses.ready_at(address(1)));
  CHECK(pauses.ready_at(address(2)));
}

TEST_CASE("pauses survive a restart, and are never shortened by it") {
  random_source random{1};
  backoff before{discovered_backoff, random};
  for (std::size_t i = 0; i < 50; ++i)
    for (std::size_t failures = 0; failures <= i % 7; ++failures)
      before.failed(address(i), start);
  before.disconnected(address(100), 1h, start);      // waits, has no failures
  before.disconnected(address(101), 1h, start - 1h); // neither
  auto saved = before.entries(start + 100ms, noon);
  CHECK(saved.size() == 51);

  backoff after{discovered_backoff, random};
  const time_point reboot{3s};
  after.restore(saved, reboot, noon + 60);
  CHECK(after.size() == 51);
  for (std::size_t i = 0; i < 50; ++i) {
    CHECK(after.failures_of(address(i)) == before.failures_of(address(i)));
    auto left = *before.ready_at(address(i)) - (start + 100ms) - 60s;
    CHECK(*after.ready_at(address(i)) - reboot >= left);
    CHECK(*after.ready_at(address(i)) - reboot < left + 1s);
  }
  // Entries learnt since then count more.
  after.failed(address(6), reboot + 2h);
  auto ready = after.ready_at(address(6));
  after.restore(saved, reboot, noon);
  CHECK(after.ready_at(address(6)) == ready);
}

TEST_CASE("no saved entry can hold an address for longer than a failure could") {
  constexpr auto last = std::numeric_limits<unix_seconds>::max();
  random_source random{1};
  backoff pauses{discovered_backoff, random};
  pauses.restore({{address(1), 4'000'000'000, last},
                  {address(2), 1, std::numeric_limits<unix_seconds>::min()},
                  {address(3).with_port(0), 1, noon},
                  {address(4), 0, noon + 10}},
                 start, noon);
  CHECK(pauses.size() == 3);
  CHECK(pauses.ready_at(address(1)) == start + 75min);
  CHECK(pauses.may_dial(address(2), start));
  CHECK(pauses.ready_at(address(4)) == start + 10s);
  pauses.failed(address(1), start);
  CHECK(pause_of(pauses, address(1), start) <= 75min);
  pauses.restore({{address(5), std::numeric_limits<std::uint32_t>::max(), noon}}, start,
                 noon);
  pauses.failed(address(5), start);
  CHECK(pauses.failures_of(address(5)) == std::numeric_limits<std::uint32_t>::max());
  CHECK(pause_of(pauses, address(5), start) >= 1h);
  std::vector<saved_backoff> many;
  for (std::size_t i = 0; i < 25'000; ++i)
    many.push_back({address(1'000 + i), 1, noon});
  pauses.restore(many, start, noon);
  CHECK(pauses.size() == backoff::max_addresses);
}

TEST_CASE("backoff behaves as its model over random operations") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    std::mt19937_64 random{seed};
    random_source jitter{seed};
    backoff pauses{manual_backoff, jitter};
    std::map<endpoint, std::uint32_t> failures;
    std::map<endpoint, time_point> earliest, latest;
    auto now = start;
    for (int step = 0; step < 4'000; ++step) {
      now += std::chrono::milliseconds{random() % 5'000};
      auto x = address(random() % 20);
      auto connected_for = std::chrono::seconds{random() % 20};
      switch (random() % 4) {
      case 0:
        pauses.failed(x, now);
        ++failures[x];
        break;
      case 1:
        pauses.disconnected(x, connected_for, now);
        failures[x] = connected_for < 10s ? failures[x] + 1 : 0;
        break;
      case 2:
        if (random() % 20 == 0) {
          pauses.forget(x);
          failures[x] = 0;
          earliest.erase(x);
          latest.erase(x);
        }
        [[fallthrough]];
      default: x = address(999);
      }
      if (x != address(999)) {
        auto doublings = failures[x] > 0 ? failures[x] - 1 : 0;
        auto pause = std::min(60s, 1s * (1 << std::min(doublings, 6u)));
        earliest[x] = now + pause;
        latest[x] = now + pause * 5 / 4 + 1s;
      }
      for (std::size_t i = 0; i < 20; ++i) {
        auto y = address(i);
        CHECK(pauses.failures_of(y) == failures[y]);
        CHECK((!earliest.contains(y) || now >= earliest[y] || !pauses.may_dial(y, now)));
        CHECK(((earliest.contains(y) && now < latest[y]) || pauses.may_dial(y, now)));
      }
    }
  }
}
