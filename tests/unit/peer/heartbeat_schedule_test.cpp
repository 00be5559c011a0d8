// SPDX-License-Identifier: MIT
#include "actors/peer/heartbeat_schedule.hpp"

#include <doctest/doctest.h>

using namespace peerage;
using namespace std::chrono_literals;

namespace {

constexpr auto interval = 59s;
constexpr auto timeout = 20s;

/// A schedule with one ping on its way, and its remote.
struct waiting_peer {
  waiting_peer() {
    CHECK(schedule.ping_due(now));
    schedule.on_sent(1, now);
    CHECK_FALSE(look());
  }

  std::optional<peer_exit> look() { return schedule.on_progress(progress, now); }

  /// Looks as often as the schedule wants to, while `each_second` happens.
  template <class Function>
  std::optional<peer_exit> pass(std::chrono::seconds length, Function each_second) {
    for (; length > 0s; length -= 1s) {
      now += 1s;
      each_second();
      if (schedule.ping_due(now))
        schedule.on_sent(++nonce, now);
      if (schedule.look_due(now))
        if (auto why = look())
          return why;
    }
    return std::nullopt;
  }
  std::optional<peer_exit> pass(std::chrono::seconds length) {
    return pass(length, [] {});
  }

  time_point now{1000h};
  heartbeat_schedule schedule{interval, timeout, true, now};
  peer_progress progress;
  std::uint64_t nonce = 1;
};

} // namespace

TEST_CASE("an unanswered ping ends the peer at its timeout") {
  waiting_peer peer;
  CHECK_FALSE(peer.pass(19s));
  CHECK(peer.pass(1s) == peer_exit::ping_timeout);
}

TEST_CASE("bytes that the remote takes from us move the deadline, too") {
  waiting_peer peer;
  CHECK_FALSE(peer.pass(100s, [&] { peer.progress.delivered += 60'000; }));
  CHECK(peer.pass(25s) == peer_exit::ping_timeout);
}

TEST_CASE("what has arrived and is not read is not held against a peer that reads us") {
  waiting_peer peer;
  peer.progress.unread = true;
  CHECK_FALSE(peer.pass(300s));
  SUBCASE("but for one that does not") {
    peer.progress.congested = true;
    CHECK(peer.pass(2s) == peer_exit::ping_timeout);
  }
  SUBCASE("once it is read, the answer has to be there") {
    peer.progress.unread = false;
    CHECK(peer.pass(2s) == peer_exit::ping_timeout);
  }
  SUBCASE("not for ever") {
    CHECK(peer.pass(heartbeat_schedule::longest_wait) == peer_exit::ping_timeout);
  }
}

TEST_CASE("nothing moves the deadline for ever") {
  waiting_peer peer;
  auto busy = [&] { peer.progress.received += 1'000'000; };
  CHECK_FALSE(peer.pass(heartbeat_schedule::longest_wait - 5s, busy));
  CHECK(peer.pass(10s, busy) == peer_exit::ping_timeout);
}

TEST_CASE("bytes of before a ping earn it nothing") {
  waiting_peer peer;
  peer.schedule.on_pong(1);
  peer.progress.received = 100'000'000;
  CHECK_FALSE(peer.pass(59s));
  CHECK_FALSE(peer.look());
  CHECK(peer.pass(24s, [&] { ++peer.progress.received; }) == peer_exit::ping_timeout);
}

TEST_CASE("time in which we do not read counts for nothing") {
  waiting_peer peer;
  CHECK_FALSE(peer.pass(10s));
  peer.schedule.on_paused(true, peer.now);
  CHECK_FALSE(peer.pass(30s));
  CHECK_FALSE(peer.look());
  peer.schedule.on_paused(false, peer.now);
  CHECK_FALSE(peer.pass(9s));
  CHECK(peer.pass(1s) == peer_exit::ping_timeout);
}
