// SPDX-License-Identifier: MIT
#include "actors/dialing/dial_plan.hpp"

#include "tests/support/would_dial.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <vector>

/// Which addresses to dial, and when. The DIALER's own tests are in
/// tests/simulation/dialer_test.cpp.
using namespace peerage;
using namespace std::chrono_literals;

namespace {

const time_point start{std::chrono::hours{5}};
constexpr double noon = 1'700'000'000;

dated_moment at(time_point now) {
  return {now, noon + std::chrono::duration<double>(now - start).count()};
}

/// Some share their group, some their subnet, and some cannot be routed to.
endpoint address(std::size_t n) {
  if (n % 10 == 9)
    return ipv4_endpoint(192, 168, 0, static_cast<std::uint8_t>(n), 8333);
  endpoint ipv6;
  if (n % 10 == 8) {
    REQUIRE(parse_endpoint("2a00::1", 8333, ipv6));
    ipv6.ip[8] = static_cast<std::uint8_t>(n);
    return ipv6;
  }
  return ipv4_endpoint(20, static_cast<std::uint8_t>(n / 3),
                       static_cast<std::uint8_t>(n % 3), static_cast<std::uint8_t>(n),
                       8333);
}

peer_info peer_at(const endpoint& remote, peer_id id) {
  peer_info result;
  result.id = id;
  result.remote = remote;
  result.direction = peer_direction::outbound;
  return result;
}

constexpr std::size_t address_count = 40;

/// Those have their own turns.
dial_plan without_manual_peers(dial_plan plan) {
  for (std::size_t n = 0; n < address_count; ++n)
    plan.remove_manual(address(n));
  return plan;
}

dated_moment after_spacing(const dated_moment& now) {
  return at(now.at + dial_spacing);
}

/// A plan whose dials, answers, losses, bans and settings are drawn from a seed.
class random_history {
public:
  explicit random_history(std::uint64_t seed)
      : random_{seed}, source_{seed}, plan_{limits(), source_, start} {
    plan_.set_book(true);
    if (draw(2) == 0)
      plan_.add_manual(address(3));
  }

  void step() {
    now_ += draw(4) == 0 ? 20s : 100ms;
    switch (draw(12)) {
    case 0: plan_.set_active(draw(4) != 0); break;
    case 1: change_bans(); break;
    case 2: plan_.add_manual(some_address()); break;
    case 3: plan_.remove_manual(some_address()); break;
    case 4: std::ignore = plan_.request(some_address(), at(now_)); break;
    case 5:
      if (!peers_.empty())
        lose(draw(peers_.size()));
      break;
    case 6:
    case 7: end_some_dial(); break;
    default: play(); break;
    }
  }

  const dial_plan& plan() const { return plan_; }
  dated_moment now() const { return at(now_); }

private:
  dial_limits limits() {
    dial_limits result;
    result.max_outbound = 1 + draw(6);
    result.max_in_flight = 1 + draw(5);
    result.own = {address(5)};
    result.needed_services = draw(2);
    if (draw(8) == 0)
      result.reach = dial_reach::home;
    return result;
  }

  std::size_t draw(std::size_t below) { return random_() % below; }
  endpoint some_address() { return address(draw(address_count)); }

  void change_bans() {
    bans_changed change;
    const auto range = host_of(some_address());
    const auto today = static_cast<unix_seconds>(now().unix_time);
    if (draw(2) == 0)
      change.added.push_back({range, today, today + 100, std::nullopt});
    else
      change.lifted.push_back(range);
    plan_.change_bans(change, today);
  }

  void play() {
    for (int i = 0; i < 100; ++i) {
      const auto step = plan_.next(now());
      if (auto question = std::get_if<dial_plan::ask_book>(&step))
        plan_.offer(*question, {some_address(), some_address()}, now_);
      else if (std::holds_alternative<dial_plan::sleep>(step))
        return;
    }
    FAIL("the plan never sleeps");
  }

  void end_some_dial() {
    std::vector<endpoint> all;
    for (const auto& [remote, x] : plan_.dials())
      if (!x.ready)
        all.push_back(remote);
    if (all.empty())
      return;
    std::ranges::sort(all);
    const auto remote = all[draw(all.size())];
    constexpr std::array reasons{peer_exit::connect_timeout, peer_exit::connect_refused,
                                 peer_exit::banned, peer_exit::self_connection};
    if (draw(2) == 0) {
      plan_.failed(remote, reasons[draw(reasons.size())], now_);
    } else if (!plan_.ready(remote, draw(2), now_)) {
      peers_.push_back(peer_at(remote, ++last_id_));
      if (draw(4) != 0)
        CHECK(plan_.joined(peers_.back(), now_));
    }
  }

  void lose(std::size_t index) {
    CHECK(plan_.left(peers_[index], now_));
    peers_.erase(peers_.begin() + static_cast<std::ptrdiff_t>(index));
  }

  std::mt19937_64 random_;
  random_source source_;
  time_point now_ = start;
  dial_plan plan_;
  std::vector<peer_info> peers_;
  peer_id last_id_ = 0;
};

} // namespace

TEST_CASE("what nothing stands in the way of is dialed, and nothing else") {
  std::size_t possible = 0, impossible = 0;
  for (std::uint64_t seed = 1; seed <= 80; ++seed) {
    CAPTURE(seed);
    random_history history{seed};
    for (int i = 0; i < 60; ++i) {
      history.step();
      const auto plan = without_manual_peers(history.plan());
      for (std::size_t n = 0; n < address_count; n += 1 + i % 3) {
        CAPTURE(n);
        const auto found = plan.explain(address(n), after_spacing(history.now()));
        CAPTURE((found.entries.empty() ? "none" : found.entries[0].kind));
        CHECK(found.entries.empty() ==
              test::would_dial(plan, address(n), after_spacing(history.now())));
        ++(found.entries.empty() ? possible : impossible);
      }
    }
  }
  CHECK(possible > 2'000);
  CHECK(impossible > 2'000);
}

TEST_CASE("a manual peer is dialed exactly when nothing stands in the way") {
  std::size_t possible = 0, impossible = 0;
  for (std::uint64_t seed = 1; seed <= 80; ++seed) {
    CAPTURE(seed);
    random_history history{seed};
    for (int i = 0; i < 60; ++i) {
      history.step();
      const auto remote = address(static_cast<std::size_t>(i) % address_count);
      auto plan = without_manual_peers(history.plan());
      plan.add_manual(remote);
      const auto now = after_spacing(history.now());
      const auto found = plan.explain(remote, now);
      CAPTURE((found.entries.empty() ? "none" : found.entries[0].kind));
      const auto step = plan.next(now);
      const auto dialing = std::get_if<dial_plan::start_dial>(&step);
      CHECK(found.entries.empty() == (dialing && dialing->remote == remote));
      ++(found.entries.empty() ? possible : impossible);
    }
  }
  CHECK(possible > 1'000);
  CHECK(impossible > 1'000);
}

TEST_CASE("that the system has no descriptor is held against no address") {
  random_source random{1};
  dial_limits limits;
  limits.max_outbound = 8;
  dial_plan plan{limits, random, start};
  plan.set_book(true);
  const auto begin = [&plan](const endpoint& remote, const dated_moment& now) {
    plan.offer({16, false}, {remote}, now.at);
    for (int i = 0; i < 10; ++i)
      if (std::holds_alternative<dial_plan::start_dial>(plan.next(now)))
        return true;
    return false;
  };
  auto now = start;
  for (int i = 0; i < 50; ++i) { // far more than make a family seem unreachable
    CAPTURE(i);
    REQUIRE(begin(address(0), at(now)));
    plan.failed(address(0), peer_exit::no_descriptor, now);
    CHECK(plan.failures_of(address(0)) == 0);
    const auto found = plan.explain(address(1), at(now + dial_spacing)).entries;
    REQUIRE(found.size() == 1);
    CHECK(found[0].kind == "no_descriptor");
    CHECK(found[0].until == doctest::Approx(at(now + shortage_pause).unix_time));
    // It does not try in vain, ten times a second.
    CHECK_FALSE(begin(address(2), at(now + dial_spacing)));
    now += shortage_pause;
  }
}

TEST_CASE("I13: a peer that dialed us counts, also after a dial of its host has failed") {
  random_source random{1};
  dial_limits limits;
  limits.caps.per_ip = 1;
  dial_plan plan{limits, random, start};
  plan.set_book(true);
  const auto remote = address(0);
  plan.offer({16, false}, {remote}, start);
  const auto step = plan.next(at(start));
  REQUIRE(std::holds_alternative<dial_plan::start_dial>(step));
  // Both have dialed each other: theirs is accepted, and so ours is refused there.
  auto theirs = peer_at(remote.with_port(40'000), 1);
  theirs.direction = peer_direction::inbound;
  plan.joined(theirs, start);
  plan.failed(remote, peer_exit::remote_closed, start);
  const auto kinds = [&](time_point now) {
    std::vector<std::string> result;
    for (const auto& x : plan.explain(remote, at(now)).entries)
      result.push_back(x.kind);
    return result;
  };
  CHECK(kinds(start + 24h) == std::vector<std::string>{"address_limit"});
  plan.left(theirs, start);
  CHECK(kinds(start + 24h).empty());
}

TEST_CASE("without an address book, manual peers alone are dialed, and no anchors") {
  random_source random{1};
  dial_plan plan{{}, random, start};
  plan.set_anchors({address(1)});
  CHECK(std::holds_alternative<dial_plan::sleep>(plan.next(at(start))));
  plan.add_manual(address(2));
  const auto step = plan.next(at(start));
  REQUIRE(std::holds_alternative<dial_plan::start_dial>(step));
  CHECK(std::get<dial_plan::start_dial>(step).remote == address(2));
  CHECK(std::get<dial_plan::start_dial>(step).why == dial_purpose::manual);
}

TEST_CASE("I17: nothing out of reach is dialed, whoever names it") {
  const auto abroad = ipv4_endpoint(20, 1, 1, 1, 8333);
  const auto home = ipv4_endpoint(127, 0, 0, 1, 8333);
  random_source random{1};
  dial_limits limits;
  limits.caps.loopback_exempt = true;
  limits.reach = dial_reach::home;
  dial_plan plan{limits, random, start};
  plan.set_anchors({abroad});
  plan.set_book(true);
  plan.add_manual(abroad);
  CHECK_FALSE(plan.request(abroad, at(start)));
  std::vector<endpoint> dialed;
  auto now = at(start);
  for (int i = 0; i < 2'000; ++i) {
    const auto step = plan.next(now);
    if (auto question = std::get_if<dial_plan::ask_book>(&step)) {
      plan.offer(*question, {abroad, home}, now.at);
    } else if (auto dial = std::get_if<dial_plan::start_dial>(&step)) {
      dialed.push_back(dial->remote);
      CHECK_FALSE(plan.ready(dial->remote, 0, now.at));
      if (plan.dials().contains(dial->remote))
        CHECK(plan.joined(peer_at(dial->remote, 1), now.at));
    } else {
      // It sleeps until there is something to do, and not until what never comes.
      const auto& until = std::get<dial_plan::sleep>(step).until;
      CHECK((!until || *until > now.at));
      now = at(now.at + 1s);
    }
  }
  CHECK(dialed == std::vector{home});
  const auto found = plan.explain(abroad, now).entries;
  CHECK(std::ranges::count(found, "out_of_reach", &obstacle::kind) == 1);
  CHECK(std::ranges::any_of(found, [](const obstacle& x) {
    return x.detail.find("--allow-public") != std::string::npos;
  }));
}

TEST_CASE("discovery dials only the networks that are wanted, people dial any") {
  random_source random{1};
  dial_limits limits;
  limits.networks = {2}; // ipv6
  dial_plan plan{limits, random, start};
  plan.set_book(true);
  const auto ipv4 = address(0), ipv6 = address(8);
  const auto kinds = [&](const endpoint& remote) {
    std::vector<std::string> result;
    for (const auto& x : plan.explain(remote, at(start)).entries)
      result.push_back(x.kind);
    return result;
  };
  CHECK(kinds(ipv4) == std::vector<std::string>{"network_excluded"});
  CHECK(kinds(ipv6).empty());
  plan.set_anchors({ipv4});
  plan.offer({16, false}, {ipv4, ipv6}, start);
  std::vector<endpoint> dialed;
  for (auto now = start; now < start + 5s; now += dial_spacing)
    for (int i = 0; i < 10; ++i)
      if (const auto step = plan.next(at(now));
          const auto* x = std::get_if<dial_plan::start_dial>(&step))
        dialed.push_back(x->remote);
  CHECK(dialed == std::vector{ipv6});
  plan.add_manual(ipv4);
  const auto step = plan.next(at(start + 5s));
  REQUIRE(std::holds_alternative<dial_plan::start_dial>(step));
  CHECK(std::get<dial_plan::start_dial>(step).remote == ipv4);
}

TEST_CASE("an address of no host is dialed on no network") {
  random_source random{1};
  dial_plan plan{{}, random, start};
  for (const auto& nobody :
       {ipv4_endpoint(0, 0, 0, 0, 1), ipv4_endpoint(224, 0, 0, 1, 1), endpoint{{}, 1}}) {
    CHECK_FALSE(plan.request(nobody, at(start)));
    CHECK(plan.explain(nobody, at(start)).entries.front().kind == "no_host");
    plan.add_manual(nobody);
  }
  CHECK(std::holds_alternative<dial_plan::sleep>(plan.next(at(start))));
}

TEST_CASE("dials are spaced, except for manual peers of a network on this machine") {
  const auto swarm = [](std::size_t n) {
    return ipv4_endpoint(127, 1, 0, static_cast<std::uint8_t>(n), 18444);
  };
  auto dials_at_once = [&](bool local,
                           const std::function<endpoint(std::size_t)>& place) {
    random_source random{1};
    dial_limits limits;
    limits.caps.loopback_exempt = local;
    dial_plan plan{limits, random, start};
    for (std::size_t n = 1; n <= 10; ++n)
      plan.add_manual(place(n));
    std::size_t result = 0;
    while (std::holds_alternative<dial_plan::start_dial>(plan.next(at(start))))
      ++result;
    return result;
  };
  CHECK(dials_at_once(true, swarm) == 10);
  CHECK(dials_at_once(false, swarm) == 1);
  CHECK(dials_at_once(true, address) == 1);
}
