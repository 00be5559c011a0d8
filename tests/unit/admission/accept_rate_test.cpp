// SPDX-License-Identifier: MIT
#include "actors/admission/accept_rate.hpp"

#include "actors/admission/connection_caps.hpp"
#include "actors/peer_set/eviction.hpp"
#include "tests/support/endpoints.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <functional>
#include <random>

using namespace peerage;
using namespace peerage::test;
using namespace std::chrono_literals;

namespace {

const time_point start{1000h};
constexpr std::optional<accept_refusal> let_in;

/// The host `low` of the /64 `high`.
endpoint ipv6(std::uint64_t high, std::uint64_t low) {
  endpoint result{{}, 8333};
  for (std::size_t i = 0; i < 8; ++i) {
    result.ip[i] = static_cast<std::uint8_t>(high >> (56 - 8 * i));
    result.ip[8 + i] = static_cast<std::uint8_t>(low >> (56 - 8 * i));
  }
  return result;
}

/// A listener under flood, under virtual time: what it accepts and for how long it keeps
/// it. Honest newcomers come twice a second, each from somewhere in 100.0.0.0 to
/// 199.255.255.255, and stay 20 s; attackers stay until the handshake deadline.
class flooded_listener {
public:
  flooded_listener(std::uint64_t seed, bool evicts)
      : numbers(seed), random_(seed), evicts_(evicts) {}

  /// @param attempts How often a newcomer tries within a minute, at most.
  void run(std::chrono::seconds length, std::size_t attacks_per_second,
           const std::function<endpoint()>& attacker, int attempts) {
    const auto pause = std::chrono::nanoseconds{1s} / attacks_per_second;
    auto next_honest = now + 1s;
    for (const auto end = now + length; now < end; now += pause) {
      expire();
      attacks_let_in += connect(attacker(), 10s);
      if (next_honest <= now) {
        next_honest += 500ms;
        waiting_.push_back({honest_address(), now, attempts});
      }
      while (!waiting_.empty() && waiting_.front().due <= now)
        try_honest();
    }
  }

  double honest_share() const {
    return static_cast<double>(honest_in) / (honest_in + honest_out);
  }

  std::mt19937_64 numbers;
  accept_rate rate;
  connection_caps caps{{.total = 125}};
  time_point now = start;
  std::size_t attacks_let_in = 0;
  int honest_in = 0;  ///< Newcomers that found a place.
  int honest_out = 0; ///< Newcomers that gave up.
  int honest_evicted = 0;

private:
  struct newcomer {
    endpoint remote;
    time_point due;
    int attempts;
  };
  struct slot {
    eviction_candidate peer;
    time_point until;
  };

  endpoint honest_address() {
    return ipv4((100 + numbers() % 100) << 24 | (numbers() & 0xffffff));
  }
  static bool is_honest(const endpoint& x) {
    return x.is_ipv4() && x.ip[12] >= 100 && x.ip[12] < 200;
  }

  void try_honest() {
    auto x = waiting_.front();
    waiting_.pop_front();
    if (connect(x.remote, 20s)) {
      ++honest_in;
    } else if (--x.attempts > 0) {
      x.due += 20s;
      waiting_.insert(std::ranges::upper_bound(waiting_, x.due, {}, &newcomer::due), x);
    } else {
      ++honest_out;
    }
  }

  bool connect(const endpoint& remote, std::chrono::seconds stay) {
    if (rate.decide(remote, now, random_))
      return false;
    auto refusal = caps.try_take(remote);
    if (refusal == cap_refusal::total && evicts_ && evict_one())
      refusal = caps.try_take(remote);
    if (refusal)
      return false;
    eviction_candidate peer;
    peer.id = next_id_++;
    peer.remote = remote;
    peer.connected_at = now;
    slots_.push_back({peer, now + stay});
    return true;
  }

  bool evict_one() {
    std::vector<eviction_candidate> peers;
    for (const auto& x : slots_)
      peers.push_back(x.peer);
    auto chosen = choose_eviction(peers, 4711);
    if (!chosen)
      return false;
    auto found =
      std::ranges::find(slots_, *chosen, [](const auto& x) { return x.peer.id; });
    honest_evicted += is_honest(found->peer.remote);
    end(found);
    return true;
  }

  void expire() {
    for (auto x = slots_.begin(); x != slots_.end();)
      x = x->until <= now ? end(x) : x + 1;
  }

  std::vector<slot>::iterator end(std::vector<slot>::iterator x) {
    CHECK(caps.release(x->peer.remote));
    return slots_.erase(x);
  }

  random_source random_;
  bool evicts_;
  std::deque<newcomer> waiting_; ///< By due time.
  std::vector<slot> slots_;
  peer_id next_id_ = 1;
};

} // namespace

TEST_CASE("a host may try three times at once, and then once per five seconds") {
  accept_rate rate;
  random_source random{1};
  for (int i = 0; i < 3; ++i)
    CHECK(rate.decide(ipv4(1), start, random) == let_in);
  CHECK(rate.decide(ipv4(1), start, random) == accept_refusal::group_rate);
  CHECK(rate.decide(ipv4(1), start + 4999ms, random) == accept_refusal::group_rate);
  CHECK(rate.decide(ipv4(1), start + 5s, random) == let_in);
  CHECK(rate.decide(ipv4(1), start + 5s, random) == accept_refusal::group_rate);
  CHECK(rate.decide(ipv4(2), start + 5s, random) == let_in);
  // The bucket does not grow beyond its burst.
  for (int i = 0; i < 3; ++i)
    CHECK(rate.decide(ipv4(1), start + 24h, random) == let_in);
  CHECK(rate.decide(ipv4(1), start + 24h, random) == accept_refusal::group_rate);
}

TEST_CASE("it is known until when a host is refused, without asking for it") {
  accept_rate rate;
  random_source random{1};
  const auto host = ipv4_endpoint(10, 1, 1, 1, 5);
  CHECK_FALSE(rate.refused_until(host, start));
  for (int i = 0; i < 3; ++i) {
    CHECK_FALSE(rate.refused_until(host, start));
    REQUIRE_FALSE(rate.decide(host, start, random));
  }
  REQUIRE(rate.refused_until(host, start));
  CHECK(*rate.refused_until(host, start) == start + 5s);
  CHECK(rate.decide(host, start, random));
  CHECK_FALSE(rate.refused_until(host, start + 5s));
  CHECK_FALSE(rate.decide(host, start + 5s, random));
  // The next attempt after another protocol is no new one.
  rate.allow_another(host, start + 5s);
  CHECK_FALSE(rate.refused_until(host, start + 5s));
}

TEST_CASE("a host is a /32 of IPv4, whatever its form, or a /64 of IPv6") {
  accept_rate rate;
  random_source random{1};
  endpoint mapped;
  REQUIRE(parse_endpoint("::ffff:1.2.3.4", 1, mapped));
  CHECK(rate.decide(mapped, start, random) == let_in);
  CHECK(rate.decide(mapped, start, random) == let_in);
  CHECK(rate.decide(ipv4_endpoint(1, 2, 3, 4, 2), start, random) == let_in);
  CHECK(rate.decide(ipv4_endpoint(1, 2, 3, 4, 3), start, random) ==
        accept_refusal::group_rate);
  CHECK(rate.decide(ipv4_endpoint(1, 2, 3, 5, 3), start, random) == let_in);
  for (std::uint64_t host = 0; host < 3; ++host)
    CHECK(rate.decide(ipv6(1, host), start, random) == let_in);
  CHECK(rate.decide(ipv6(1, ~0ull), start, random) == accept_refusal::group_rate);
  CHECK(rate.decide(ipv6(2, 0), start, random) == let_in);
  CHECK(rate.status(start).groups == 4);
}

TEST_CASE("exempt loopback is always let in and never counted") {
  accept_rate exempt{true};
  accept_rate strict;
  random_source random{1};
  const auto loopback = ipv4_endpoint(127, 0, 0, 1, 1);
  for (int i = 0; i < 10'000; ++i)
    CHECK(exempt.decide(loopback, start, random) == let_in);
  CHECK(exempt.decide(ipv6(0, 1), start, random) == let_in);
  CHECK(exempt.status(start).groups == 0);
  CHECK(exempt.status(start).attempts_per_minute == 0);
  for (int i = 0; i < 4; ++i)
    CHECK(strict.decide(loopback, start, random).has_value() == (i == 3));
}

TEST_CASE("the drop probability is an S-curve from nothing to its highest") {
  auto at = [](double times) {
    return accept_rate::drop_probability(times * accept_rate::flood_per_minute);
  };
  CHECK(at(0) == 0);
  CHECK(at(1) == 0);
  CHECK(at(4.5) == doctest::Approx(0.2));
  CHECK(at(8) == doctest::Approx(0.4));
  CHECK(at(1e9) == doctest::Approx(0.4));
  // Flat at both ends, steep between.
  CHECK(at(1.5) < 0.01);
  CHECK(at(7.5) > 0.39);
  for (double x = 0; x < 10; x += 0.1)
    CHECK(at(x) <= at(x + 0.1) + 1e-12);
  // Three attempts in a minute succeed nine times out of ten, however bad it is.
  CHECK(1 - at(1e9) * at(1e9) * at(1e9) >= 0.9);
}

TEST_CASE("the rate is smoothed, and a flood is recognised and forgotten") {
  accept_rate rate;
  random_source random{1};
  std::uint64_t host = 0;
  auto now = start;
  auto steadily = [&](std::chrono::milliseconds pause, std::chrono::minutes length) {
    for (auto end = now + length; now < end; now += pause)
      (void)rate.decide(ipv4(host++ << 16), now, random);
  };
  CHECK(rate.status(now).attempts_per_minute == 0);
  steadily(250ms, 10min);
  CHECK(rate.status(now).attempts_per_minute == doctest::Approx(240).epsilon(0.01));
  CHECK_FALSE(rate.status(now).under_flood);
  CHECK(rate.status(now).drop_probability == 0);
  steadily(150ms, 2min);
  CHECK(rate.status(now).attempts_per_minute == doctest::Approx(400).epsilon(0.01));
  CHECK(rate.status(now).under_flood);
  CHECK(rate.status(now).drop_probability > 0);
  // 30 s × ln(400 / 300) = 8.6 s
  CHECK(rate.status(now + 8s).under_flood);
  CHECK_FALSE(rate.status(now + 9s).under_flood);
  CHECK(rate.status(now + 9s).drop_probability == 0);
}

TEST_CASE("under flood a /24, a /56 and their networks have allowances too") {
  accept_rate rate;
  random_source random{1};
  // Before a flood is recognised, drops at random must do; after 15 s they need not.
  const auto now = start + 15s;
  for (auto when : {start, now})
    for (std::uint64_t i = 0; i < 1'000; ++i)
      (void)rate.decide(ipv4(50ull << 24 | i), when, random);
  REQUIRE(rate.status(now).under_flood);
  auto in = [&](const std::function<endpoint(std::uint64_t)>& member) {
    int result = 0;
    for (std::uint64_t i = 0; i < 200; ++i)
      result += !rate.decide(member(i), now, random);
    return result;
  };
  CHECK(in([](auto i) { return ipv4(60ull << 24 | i); }) == 3);
  CHECK(in([](auto i) { return ipv4(61ull << 24 | i << 8); }) == 10);
  CHECK(in([](auto i) { return ipv6(0x2a00'0001'0000'0000 | i, 1); }) == 3);
  CHECK(in([](auto i) { return ipv6(0x2a00'0002'0000'0000 | i << 8, 1); }) == 10);
  CHECK(rate.status(now).drop_probability == 0);
  // Without flood, none of that.
  accept_rate calm;
  int let_into_calm = 0;
  for (std::uint64_t i = 0; i < 100; ++i)
    let_into_calm += !calm.decide(ipv4(60ull << 24 | i), start, random);
  CHECK(let_into_calm == 100);
}

TEST_CASE("the measures under flood do not end because they work") {
  accept_rate rate;
  random_source random{1};
  std::mt19937_64 numbers{1};
  int let_in_later = 0;
  // 256 hosts are good for 3,072 attempts a minute, their /24 for 12.
  for (int i = 0; i < 120'000; ++i) {
    auto now = start + i * 2ms;
    auto answer = rate.decide(ipv4(50u << 24 | (numbers() & 0xff)), now, random);
    if (now >= start + 10s) {
      CHECK(rate.status(now).under_flood);
      let_in_later += !answer;
    }
  }
  CHECK(let_in_later <= 230 / 5 + 1);
}

TEST_CASE("memory is bounded, and the least recently seen group is forgotten first") {
  accept_rate rate;
  random_source random{1};
  std::uint64_t host = 1;
  auto strangers = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      // Slow enough to be no flood.
      (void)rate.decide(ipv6(host++ << 16, 1), start + host * 1s, random);
      CHECK(rate.status(start).groups <= accept_rate::max_groups);
    }
  };
  auto late = [&] { return start + host * 1s; };
  auto spend = [&](const endpoint& x) {
    while (!rate.decide(x, late(), random)) {
    }
  };
  strangers(20'000);
  CHECK(rate.status(start).groups == accept_rate::max_groups);
  // With tokens spent one second ago, a group that is remembered is refused.
  accept_rate full;
  for (std::uint64_t i = 0; i < accept_rate::max_groups; ++i)
    (void)full.decide(ipv6(i << 40, 1), start + i * 1s, random);
  const auto end = start + accept_rate::max_groups * 1s;
  for (int i = 0; i < 3; ++i)
    (void)full.decide(ipv6(0, 1), end, random); // the oldest of all, now the latest
  CHECK(full.decide(ipv6(0, 1), end, random) == accept_refusal::group_rate);
  (void)full.decide(ipv4(1), end, random); // pushes out number 1, not number 0
  CHECK(full.status(end).groups == accept_rate::max_groups);
  CHECK(full.decide(ipv6(0, 1), end, random) == accept_refusal::group_rate);
  spend(ipv4(7));
  CHECK(rate.decide(ipv4(7), late(), random) == accept_refusal::group_rate);
}

TEST_CASE("any sequence of attempts agrees with allowances that are never forgotten") {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    std::mt19937_64 numbers{seed};
    random_source random{seed};
    accept_rate rate;
    std::map<subnet, std::pair<double, time_point>> tokens;
    auto now = start;
    for (int step = 0; step < 3'000; ++step) {
      now += std::chrono::nanoseconds{numbers() % 1'000'000'000};
      auto remote = numbers() % 2 == 0 ? ipv4(numbers() % 3 << 8)
                                       : ipv6(numbers() % 3 << 8, numbers());
      auto host = subnet_of(remote, remote.is_ipv4() ? 128 : 64);
      auto& [left, since] = tokens.try_emplace(host, 3.0, now).first->second;
      left = std::min(3.0, left + std::chrono::duration<double>{now - since} / 5s);
      since = now;
      auto expected = left >= 1;
      left -= expected;
      // About 120 attempts a minute: no flood, so only hosts matter.
      CHECK(rate.decide(remote, now, random).has_value() == !expected);
      CHECK(rate.status(now).groups == tokens.size());
    }
  }
}

TEST_CASE("flood from one /24: a newcomer's single attempt succeeds") {
  for (std::size_t per_second : {200u, 1'000u, 5'000u}) {
    CAPTURE(per_second);
    int in = 0, out = 0;
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      flooded_listener listener{seed, false};
      listener.run(
        60s, per_second, [&] { return ipv4(50u << 24 | (listener.numbers() & 0xff)); },
        1);
      in += listener.honest_in;
      out += listener.honest_out;
      CHECK(listener.rate.status(listener.now).under_flood);
      CHECK(listener.caps.size() <= 125);
      CHECK(listener.attacks_let_in < 20);
    }
    REQUIRE(in + out >= 450);
    CHECK(in >= (in + out) * 99 / 100);
  }
}

TEST_CASE("flood from one /16, and from one IPv6 /32: a single attempt succeeds") {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    flooded_listener ipv4_flood{seed, true};
    ipv4_flood.run(
      60s, 1'000, [&] { return ipv4(50u << 24 | (ipv4_flood.numbers() & 0xffff)); }, 1);
    CHECK(ipv4_flood.honest_share() >= 0.9);
    flooded_listener ipv6_flood{seed, true};
    ipv6_flood.run(
      60s, 1'000,
      [&] { return ipv6(0x2a00'0001ull << 32 | (ipv6_flood.numbers() >> 32), 1); }, 1);
    CHECK(ipv6_flood.honest_share() >= 0.9);
    // Once it is recognised, its network gets one place a second.
    CHECK(ipv6_flood.attacks_let_in < 300);
  }
}

TEST_CASE("flood from many networks: a newcomer gets in, and mostly keeps its place") {
  // With eviction. Only when the attackers' groups are hardly larger than a newcomer's
  // own, that is with fifty networks for 125 slots, is it often the one to go.
  struct expectation {
    std::uint64_t networks;
    double drop_probability;
    int evicted_percent;
  };
  for (const auto& expected : {expectation{20, 0.19, 10}, expectation{50, 0.4, 60}}) {
    CAPTURE(expected.networks);
    int in = 0, out = 0, evicted = 0;
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      flooded_listener listener{seed, true};
      listener.run(
        60s, 1'000,
        [&] {
          auto x = listener.numbers();
          return ipv4((50 + x % expected.networks) << 24 | (x >> 40 & 0xffff));
        },
        3);
      in += listener.honest_in;
      out += listener.honest_out;
      evicted += listener.honest_evicted;
      CHECK(listener.rate.status(listener.now).drop_probability ==
            doctest::Approx(expected.drop_probability).epsilon(0.1));
      CHECK(listener.caps.size() <= 125);
    }
    REQUIRE(in + out > 200);
    CHECK(in >= (in + out) * 9 / 10);
    CHECK(evicted <= in * expected.evicted_percent / 100);
  }
}

TEST_CASE("flood from everywhere: it degrades to drops at random, no further") {
  std::mt19937_64 numbers{1};
  random_source random{1};
  accept_rate rate;
  int attempts = 0, passed = 0, honest = 0, honest_in = 0;
  for (int i = 0; i < 120'000; ++i) { // 2,000 per second for a minute
    auto now = start + i * 500us;
    auto in = !rate.decide(ipv4(numbers() & 0x3fff'ffff), now, random);
    if (now < start + 5s)
      continue;
    ++attempts;
    passed += in;
    if (i % 100 == 0) {
      auto newcomer = ipv4(100u << 24 | (numbers() & 0xffffff));
      ++honest;
      honest_in += !rate.decide(newcomer, now, random) ||
                   !rate.decide(newcomer, now, random) ||
                   !rate.decide(newcomer, now, random);
    }
  }
  CHECK(rate.status(start + 60s).groups == accept_rate::max_groups);
  CHECK(rate.status(start + 60s).attempts_per_minute > 50'000);
  CHECK(passed < attempts * 65 / 100);
  CHECK(passed > attempts * 55 / 100);
  REQUIRE(honest > 1'000);
  CHECK(honest_in >= honest * 9 / 10);
}

TEST_CASE("an attempt with another protocol and the next one are one to the allowance") {
  accept_rate rate;
  random_source random{1};
  const auto from = at("50.1.1.1:1");
  auto pair = [&] {
    auto first = rate.decide(from, start, random);
    rate.allow_another(from, start);
    return !first && !rate.decide(from, start, random);
  };
  for (int i = 0; i < 3; ++i)
    CHECK(pair());
  CHECK(rate.decide(from, start, random) == accept_refusal::group_rate);

  // A host that never comes with ours gains a factor of two, and no more.
  const auto other = at("50.2.1.1:1");
  int let_in_count = 0;
  for (int i = 0; i < 100; ++i)
    if (!rate.decide(other, start, random)) {
      ++let_in_count;
      rate.allow_another(other, start);
    }
  CHECK(let_in_count == 6);
}
