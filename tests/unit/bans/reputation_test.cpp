// SPDX-License-Identifier: MIT
#include "actors/bans/reputation.hpp"
#include "messages/lifecycle.hpp"
#include "tests/support/endpoints.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <random>

using namespace peerage;
using namespace peerage::test;

namespace {

constexpr unix_seconds noon = 1'700'000'000;
constexpr unix_seconds hour = one_hour;

/// The n-th of many IPv4 hosts.
endpoint host(std::uint32_t n) {
  return ipv4_endpoint(20, static_cast<std::uint8_t>(n >> 16),
                       static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n),
                       8333);
}

} // namespace

TEST_CASE("every cause has a name of its own and a weight within the threshold") {
  for (std::size_t i = 0; i < misbehaviour_count; ++i) {
    auto cause = static_cast<misbehaviour>(i);
    CHECK(parse_misbehaviour(to_string(cause)) == cause);
    CHECK(weight_of(cause) >= 1);
    CHECK(weight_of(cause) <= ban_threshold);
    // A bad line alone never gets near a ban at once.
    CHECK((!is_network_cause(cause) || weight_of(cause) <= ban_threshold / 10));
  }
  CHECK(!parse_misbehaviour("manual"));
  CHECK(!parse_misbehaviour(""));
}

TEST_CASE("what ends a peer by rule counts against it, and a mere end does not") {
  CHECK(misbehaviour_of(peer_exit::too_many_entries) == misbehaviour::too_many_entries);
  for (auto x : {peer_exit::wrong_magic, peer_exit::oversized_message,
                 peer_exit::late_feature_message, peer_exit::unoffered_service,
                 peer_exit::headers_not_linked})
    CHECK(misbehaviour_of(x) == misbehaviour::broken_rule);
  CHECK(misbehaviour_of(peer_exit::header_without_work) == misbehaviour::invalid_data);
  CHECK(misbehaviour_of(peer_exit::load_shed) == misbehaviour::service_overload);
  CHECK(misbehaviour_of(peer_exit::ping_timeout) == misbehaviour::ping_timeout);
  CHECK(misbehaviour_of(peer_exit::handshake_timeout) == misbehaviour::handshake_timeout);
  CHECK(misbehaviour_of(peer_exit::unsent_overflow) == misbehaviour::not_reading);
  std::size_t causes = 0;
  for (std::size_t i = 1; i <= peer_exit_count; ++i)
    causes += misbehaviour_of(static_cast<peer_exit>(i)).has_value();
  CHECK(causes == 11);
  causes = 0;
  for (std::size_t i = 0; i < ignored_count; ++i)
    causes += misbehaviour_of(static_cast<ignored>(i)).has_value();
  CHECK(causes == 2);
}

TEST_CASE("points add up to the threshold and fade by half an hour by hour") {
  reputation scores;
  auto peer = at("1.2.3.4");
  for (int i = 1; i <= 3; ++i) {
    auto change = scores.report(peer, misbehaviour::broken_rule, noon, false);
    CHECK(change.before == 25 * (i - 1));
    CHECK(change.after == 25 * i);
    CHECK_FALSE(change.passed_threshold);
    CHECK_FALSE(change.ban_suggested);
  }
  CHECK(scores.score_of(peer, noon + hour) == doctest::Approx(37.5));
  CHECK(scores.score_of(peer, noon + 10 * hour) == doctest::Approx(75.0 / 1024));
  auto fourth = scores.report(peer, misbehaviour::broken_rule, noon, false);
  CHECK(fourth.after == 100);
  CHECK(fourth.passed_threshold);
  CHECK(fourth.ban_suggested);
  CHECK(scores.report(peer, misbehaviour::malformed, noon + 1, false).ban_suggested);
  // However often: the grudge is bounded.
  for (int i = 0; i < 100; ++i)
    scores.report(peer, misbehaviour::invalid_data, noon, false);
  CHECK(scores.score_of(peer, noon) == reputation::highest_score);
  CHECK(scores.score_of(peer, noon + 24 * hour) < 0.001);
}

TEST_CASE("a misbehaviour every hour never adds up") {
  reputation scores;
  for (int i = 0; i < 1'000; ++i)
    CHECK_FALSE(
      scores.report(at("1.2.3.4"), misbehaviour::broken_rule, noon + i * hour, false)
        .passed_threshold);
}

TEST_CASE("I13: a host is one IPv4 address in any form, or one /64 of IPv6") {
  reputation scores;
  scores.report(at("1.2.3.4:1"), misbehaviour::address_flood, noon, false);
  CHECK(scores.score_of(at("[::ffff:1.2.3.4]:2"), noon) == 20);
  CHECK(scores.score_of(at("1.2.3.5"), noon) == 0);
  scores.report(at("2a00:1:2:3::1"), misbehaviour::address_flood, noon, false);
  CHECK(scores.score_of(at("2a00:1:2:3:ffff::"), noon) == 20);
  CHECK(scores.score_of(at("2a00:1:2:4::1"), noon) == 0);
  CHECK(accountable_range_of(at("1.2.3.4")) == range("1.2.3.4"));
  CHECK(accountable_range_of(at("2a00:1:2:3::1")) == range("2a00:1:2:3::/64"));
  // ::/64 is the subnet of ::2, and would take loopback and all of IPv4 along.
  CHECK(accountable_range_of(at("::2")) == range("::2/128"));
}

TEST_CASE("points of a shared address are the connection's, and saved nowhere") {
  reputation scores{{range("10.0.0.1"), range("::ffff:10.1.0.0/112")}};
  for (auto text : {"127.0.0.1", "::1", "10.0.0.1", "10.1.200.1"}) {
    CAPTURE(text);
    const auto bad = at(text).with_port(1), good = at(text).with_port(2);
    auto change = scores.report(bad, misbehaviour::invalid_data, noon, false);
    CHECK(change.passed_threshold);
    CHECK_FALSE(change.ban_suggested);
    CHECK(scores.score_of(bad, noon) == 100);
    CHECK(scores.score_of(bad, noon + hour) == 50);
    CHECK(scores.score_of(good, noon) == 0);
    CHECK(scores.report(good, misbehaviour::malformed, noon, false).after == 2);
    CHECK(scores.entries(noon).empty());
    scores.forget_connection(bad);
    CHECK(scores.score_of(bad, noon) == 0);
    CHECK(scores.score_of(good, noon) == 2);
  }
  CHECK_FALSE(scores.is_shared(at("10.0.0.2")));
  scores.restore({{range("127.0.0.1"), 50, noon}, {range("10.0.0.1"), 50, noon}}, noon);
  CHECK(scores.size() == 0); // of a time when they were not shared
}

TEST_CASE("loopback is never to be banned, though its points are counted") {
  for (auto text : {"127.0.0.1", "127.8.8.8", "::1"}) {
    reputation scores;
    auto change = scores.report(at(text), misbehaviour::invalid_data, noon, false);
    CHECK(change.passed_threshold);
    CHECK_FALSE(change.ban_suggested);
  }
}

TEST_CASE("manual peers are exempt from network causes, and from no others") {
  for (std::size_t i = 0; i < misbehaviour_count; ++i) {
    reputation scores;
    auto cause = static_cast<misbehaviour>(i);
    auto change = scores.report(at("1.2.3.4"), cause, noon, true);
    CHECK(change.after == (is_network_cause(cause) ? 0 : weight_of(cause)));
    CHECK(scores.size() == (is_network_cause(cause) ? 0 : 1));
  }
  // The host's earlier points stay visible.
  reputation scores;
  scores.report(at("1.2.3.4"), misbehaviour::invalid_data, noon, false);
  auto change = scores.report(at("1.2.3.4"), misbehaviour::ping_timeout, noon, true);
  CHECK(change.before == 100);
  CHECK(change.after == 100);
  CHECK_FALSE(change.passed_threshold);
}

TEST_CASE("a clock that is set back neither adds points nor stops their fading") {
  reputation scores;
  auto peer = at("1.2.3.4");
  scores.report(peer, misbehaviour::broken_rule, noon, false);
  CHECK(scores.score_of(peer, noon - 100 * hour) == 25);
  scores.report(peer, misbehaviour::broken_rule, noon - 100 * hour, false);
  CHECK(scores.score_of(peer, noon - 99 * hour) == doctest::Approx(25));
}

TEST_CASE("with a full table the lowest scores go first") {
  reputation scores;
  scores.report(host(1'000'000), misbehaviour::invalid_data, noon, false);
  // An old large score is worth less than a young small one.
  scores.report(host(1'000'001), misbehaviour::invalid_data, noon - 9 * hour, false);
  scores.report(host(1'000'002), misbehaviour::malformed, noon - hour, false);
  for (std::uint32_t i = 2; i < reputation::max_hosts; ++i)
    scores.report(host(i), misbehaviour::malformed, noon, false);
  CHECK(scores.size() == reputation::max_hosts);
  CHECK(scores.score_of(host(1'000'001), noon) == 0);
  CHECK(scores.score_of(host(1'000'002), noon) == doctest::Approx(1));
  scores.report(host(1), misbehaviour::malformed, noon, false);
  CHECK(scores.score_of(host(1'000'002), noon) == 0);
  CHECK(scores.score_of(host(2), noon) == 2);
  for (std::uint32_t i = 0; i < 30'000; ++i)
    scores.report(host(100'000 + i), misbehaviour::bad_checksum, noon, false);
  CHECK(scores.size() == reputation::max_hosts);
  CHECK(scores.score_of(host(1'000'000), noon) == 100);
}

TEST_CASE("forgetting a range forgets exactly the hosts in it") {
  reputation scores;
  for (auto text : {"1.2.2.255", "1.2.3.0", "1.2.3.255", "1.2.4.0", "2a00:1::1"})
    scores.report(at(text), misbehaviour::malformed, noon, false);
  scores.forget(range("1.2.3.0/24"));
  CHECK(scores.size() == 3);
  CHECK(scores.score_of(at("1.2.2.255"), noon) == 2);
  CHECK(scores.score_of(at("1.2.3.0"), noon) == 0);
  CHECK(scores.score_of(at("1.2.3.255"), noon) == 0);
  CHECK(scores.score_of(at("1.2.4.0"), noon) == 2);
  scores.forget(range("2a00:1::/64"));
  CHECK(scores.size() == 2);
  scores.report(at("1::1"), misbehaviour::malformed, noon, false);
  scores.report(at("::9"), misbehaviour::malformed, noon, false);
  scores.forget(range("::/0")); // on both sides of where IPv4 lies, and not that
  CHECK(scores.size() == 2);
  CHECK(scores.score_of(at("1.2.4.0"), noon) == 2);
  scores.forget(range("0.0.0.0/0"));
  CHECK(scores.size() == 0);
  scores.report(at("1.2.3.4"), misbehaviour::malformed, noon, false);
  scores.report(at("2a00:1::1"), misbehaviour::malformed, noon, false);
  scores.report(at("[::1]:1"), misbehaviour::malformed, noon, false);
  scores.clear();
  CHECK(scores.size() == 0);
  CHECK(scores.score_of(at("[::1]:1"), noon) == 0);
}

TEST_CASE("scores survive being saved, without the negligible ones") {
  reputation scores;
  scores.report(at("1.2.3.4"), misbehaviour::broken_rule, noon, false);
  scores.report(at("2a00:1::1"), misbehaviour::invalid_data, noon - hour, false);
  scores.report(at("1.2.3.5"), misbehaviour::malformed, noon - 3 * hour, false);
  auto saved = scores.entries(noon);
  CHECK(saved.size() == 2);
  reputation restored;
  restored.restore(saved, noon + 60);
  CHECK(restored.entries(noon) == saved);
  // And again, on top: nothing counts twice.
  restored.restore(saved, noon + 60);
  CHECK(restored.score_of(at("1.2.3.4"), noon) == 25);
  restored.report(at("1.2.3.4"), misbehaviour::broken_rule, noon, false);
  restored.restore(saved, noon);
  CHECK(restored.score_of(at("1.2.3.4"), noon) == 50);
}

TEST_CASE("what cannot be is not restored") {
  auto good = accountable_range_of(at("1.2.3.4"));
  constexpr auto nan = std::numeric_limits<double>::quiet_NaN();
  constexpr auto infinite = std::numeric_limits<double>::infinity();
  constexpr auto never = std::numeric_limits<unix_seconds>::min();
  reputation scores;
  scores.restore({{good, nan, noon},
                  {good, -5, noon},
                  {good, 0, noon},
                  {good, -infinite, noon},
                  {good, 50, never},
                  {range("1.2.3.0/24"), 50, noon},
                  {range("2a00::1/128"), 50, noon},
                  {range("::/64"), 50, noon},
                  {{good.ip, 200}, 50, noon}},
                 noon);
  CHECK(scores.size() == 0);
  scores.restore({{good, infinite, std::numeric_limits<unix_seconds>::max()}}, noon);
  CHECK(scores.score_of(at("1.2.3.4"), noon) == reputation::highest_score);
  CHECK(scores.score_of(at("1.2.3.4"), noon + hour) == reputation::highest_score / 2);
  std::vector<saved_score> many;
  for (std::uint32_t i = 0; i < 25'000; ++i)
    many.push_back({host_of(host(i)), 1 + i * 0.001, noon});
  scores.restore(many, noon);
  CHECK(scores.size() == reputation::max_hosts);
  CHECK(scores.score_of(host(24'999), noon) > 25);
  CHECK(scores.score_of(host(0), noon) == 0);
}

TEST_CASE("reputation behaves as its model over random reports") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    std::mt19937_64 random{seed};
    reputation scores;
    std::map<std::uint32_t, std::pair<double, unix_seconds>> model;
    auto now = noon;
    auto points = [&](std::uint32_t n) {
      auto [score, then] = model[n];
      return score * std::pow(0.5, static_cast<double>(now - then) / 3'600);
    };
    for (int i = 0; i < 4'000; ++i) {
      now += static_cast<unix_seconds>(random() % 120);
      auto n = static_cast<std::uint32_t>(random() % 30);
      auto cause = static_cast<misbehaviour>(random() % misbehaviour_count);
      const bool manual = random() % 4 == 0;
      auto before = points(n);
      auto after = before;
      if (!manual || !is_network_cause(cause)) {
        after = std::min(before + weight_of(cause), 200.0);
        model[n] = {after, now};
      }
      auto change = scores.report(host(n), cause, now, manual);
      CHECK(change.before == doctest::Approx(before));
      CHECK(change.after == doctest::Approx(after));
      if (random() % 100 == 0) {
        scores.forget(host_of(host(n)));
        model.erase(n);
      }
      auto other = static_cast<std::uint32_t>(random() % 30);
      CHECK(scores.score_of(host(other), now) == doctest::Approx(points(other)));
    }
  }
}
