// SPDX-License-Identifier: MIT
#include "actors/interfaces/peer.hpp"
#include "tests/simulation/simulation.hpp"
#include "tests/support/scripted_service.hpp"

#include <cstring>

/// I4: a heartbeat pings once when the peer is ready and then exactly once per interval;
/// a silent peer is ended interval + timeout later; only the heartbeat's pings decide
/// that.
using namespace peerage;
using namespace peerage::test;

namespace {

/// Answers every ping that came; returns how many.
int answer_pings(scripted_remote& remote) {
  int count = 0;
  for (const auto& message : remote.take()) {
    if (const auto* ping = std::get_if<wire::ping>(&message)) {
      ++count;
      remote.send(wire::pong{ping->nonce});
    }
  }
  return count;
}

} // namespace

TEST_CASE("I4: N intervals bring N + 1 pings") {
  simulation world;
  auto remote = world.ready_inbound();
  auto pings = answer_pings(remote);
  CHECK(pings == 1);
  const auto interval = world.context->timing.ping_interval;
  for (int n = 1; n <= 25; ++n) {
    world.advance(interval - 50ms);
    CHECK(answer_pings(remote) == 0);
    world.advance(50ms);
    CHECK(answer_pings(remote) == 1);
    world.run();
  }
  CHECK_FALSE(remote.saw_end());
}

TEST_CASE("I4: requests and other traffic neither add nor remove heartbeats") {
  simulation world;
  auto remote = world.ready_inbound();
  answer_pings(remote);
  auto client = world.take_client();
  auto answer = world.ask<latency>(client, measure_latency{});
  world.run();
  CHECK(answer_pings(remote) == 1); // the request's own
  world.run();
  CHECK(answer->value);
  for (int i = 0; i < 100; ++i) {
    remote.send(wire::ping{static_cast<std::uint64_t>(i)});
    world.advance(100ms);
  }
  remote.take();
  world.advance(world.context->timing.ping_interval - 10s);
  CHECK(answer_pings(remote) == 1);
}

TEST_CASE("I4: a peer that falls silent is ended interval + timeout later, not earlier") {
  simulation world;
  auto remote = world.ready_inbound();
  answer_pings(remote);
  world.run();
  const auto& timing = world.context->timing;
  world.advance(timing.ping_interval + timing.ping_timeout - 50ms);
  CHECK_FALSE(remote.saw_end());
  auto client = caf::actor_cast<caf::actor>(world.results->ready.back().client);
  caf::scoped_actor observer{world.system, true};
  observer->monitor(client);
  world.advance(50ms);
  CHECK(remote.saw_end());
  observer->receive(
    [](const caf::down_msg& x) { CHECK(exit_of(x.reason) == peer_exit::ping_timeout); },
    caf::after(0s) >> [] { FAIL("the peer is still there"); });
}

TEST_CASE("a pong without a nonce, or too short for one, cancels the ping") {
  for (std::size_t size : {0u, 4u, 7u, 8u}) { // of zeros
    CAPTURE(size);
    simulation world;
    auto remote = world.ready_inbound();
    auto client = world.take_client();
    const auto& timing = world.context->timing;
    auto pong = wire::encode(remote.magic(), wire::pong{0});
    if (size < 8) {
      pong.resize(wire::envelope_size + size);
      const auto sum =
        wire::checksum(wire::bytes_view{pong}.subspan(wire::envelope_size));
      std::memcpy(pong.data() + 20, &sum, 4);
      pong[16] = static_cast<std::byte>(size);
    }
    // Each ping of many is cancelled by one of them.
    for (int n = 0; n < 5; ++n) {
      CHECK(remote.take_commands().ends_with("ping"));
      world.advance(1s);
      CHECK(world.snapshot(client).ping_wait == 1s);
      remote.send_raw(pong);
      world.run();
      auto seen = world.snapshot(client);
      CHECK(seen.ping_wait == 0s);
      CHECK(seen.last_ping == caf::timespan::zero()); // it measures nothing
      CHECK(seen.traffic.ignored[static_cast<std::size_t>(ignored::odd_pong)] ==
            static_cast<std::uint64_t>(n) + 1);
      CHECK(seen.traffic.ignored[static_cast<std::size_t>(ignored::malformed)] == 0);
      world.advance(timing.ping_interval - 1s);
    }
    CHECK_FALSE(remote.saw_end());
    // One more than there are pings does not stand for the next.
    remote.take();
    remote.send_raw(pong);
    remote.send_raw(pong);
    world.advance(timing.ping_interval + timing.ping_timeout);
    CHECK(remote.saw_end());
  }
}

TEST_CASE("a pong without a nonce stands for the oldest ping of any kind") {
  simulation world;
  auto remote = world.ready_inbound();
  auto client = world.take_client();
  remote.take();
  auto rtt = world.ask<latency>(client, measure_latency{});
  auto newer = world.ask<headers>(client, get_headers{{{}}, {}, {}});
  world.advance(1s);
  CHECK(world.snapshot(client).ping_wait == 1s);
  remote.send(wire::pong{0}); // the heartbeat's
  world.run();
  CHECK(world.snapshot(client).ping_wait == 1s); // of the others
  CHECK(rtt->replies + newer->replies == 0);
  remote.send(wire::pong{0});
  world.run();
  REQUIRE(rtt->failure);
  CHECK(outcome_of(*rtt->failure) == request_error::cancelled);
  CHECK(newer->replies == 0);
  remote.send(wire::pong{0}); // the fence behind getheaders
  world.run();
  REQUIRE(newer->value);
  CHECK(newer->value->entries.empty());
  CHECK_FALSE(remote.saw_end());
}

TEST_CASE("I4: an interval shorter than the timeout keeps pinging a slow peer") {
  simulation world;
  world.context->timing.ping_interval = 1s;
  world.context->timing.ping_timeout = 5s;
  auto remote = world.ready_inbound();
  int pings = 0;
  std::vector<std::uint64_t> late;
  for (int second = 0; second < 20; ++second) {
    for (const auto& message : remote.take())
      if (const auto* ping = std::get_if<wire::ping>(&message)) {
        ++pings;
        late.push_back(ping->nonce);
      }
    if (late.size() > 3) { // every pong comes three seconds late
      remote.send(wire::pong{late.front()});
      late.erase(late.begin());
    }
    world.advance(1s);
  }
  CHECK(pings == 20);
  CHECK_FALSE(remote.saw_end());
}

TEST_CASE("I4: a timeout of a request fails the request, not the peer") {
  simulation world;
  auto remote = world.ready_inbound();
  answer_pings(remote);
  auto client = world.take_client();
  auto answer = world.ask<latency>(client, measure_latency{2s});
  world.run();
  remote.take(); // the request's ping, never answered
  world.advance(2s);
  REQUIRE(answer->failure);
  CHECK(outcome_of(*answer->failure) == request_error::timeout);
  world.advance(30s);
  CHECK_FALSE(remote.saw_end());
}

TEST_CASE("I4: while our own node is behind, its delay is not blamed on the peer") {
  simulation world;
  service_script silence;
  silence.on_headers = [](const serve_headers&) { return caf::delegated<headers>{}; };
  auto service = world.system.spawn(scripted_service, silence);
  world.context->timing.service_timeout = 600s;
  world.context->service = service;
  auto remote = world.ready_inbound();
  answer_pings(remote);
  world.run();
  for (std::size_t i = 0; i < inbound_requests::max_items + 1; ++i)
    remote.send(wire::getheaders{70016, {}, {}});
  world.run();
  const auto& timing = world.context->timing;
  world.advance(timing.ping_interval + timing.ping_timeout + 10s);
  CHECK_FALSE(remote.saw_end());
  // The pong has been waiting in the socket since the ping.
  CHECK(answer_pings(remote) >= 1);
  caf::anon_send_exit(service, caf::exit_reason::user_shutdown);
  service = nullptr;
  world.context->service = nullptr;
  world.run();
  world.advance(1s);
  CHECK_FALSE(remote.saw_end());
  world.results->ready.clear();
  world.run();
}

TEST_CASE("I4: a peer older than pongs is pinged, and not ended for its silence") {
  simulation world;
  auto remote = world.open_inbound();
  auto old = remote_version();
  old.protocol = 60'000;
  world.shake_hands(remote, old, false);
  world.advance(world.context->timing.ping_interval * 3);
  CHECK_FALSE(remote.saw_end());
}

// -- what moves the deadline -----------------------------------------------------------

namespace {

/// A block that the remote sends bit by bit.
struct slow_block {
  explicit slow_block(std::uint32_t magic, std::size_t size)
      : bytes(wire::encode(
          magic, wire::block{wire::slice::adopt(std::vector<std::byte>(size))})) {}

  /// False when nothing is left.
  bool send_some(scripted_remote& to, std::size_t count) {
    auto last = std::min(bytes.size(), sent + count);
    to.send_raw({bytes.begin() + static_cast<std::ptrdiff_t>(sent),
                 bytes.begin() + static_cast<std::ptrdiff_t>(last)});
    sent = last;
    return sent < bytes.size();
  }

  std::vector<std::byte> bytes;
  std::size_t sent = 0;
};

} // namespace

TEST_CASE("a pong behind a long message on a slow line comes in time") {
  simulation world;
  auto remote = world.ready_inbound();
  answer_pings(remote);
  world.advance(world.context->timing.ping_interval - 1s);
  // 66 s: more than three timeouts, and beyond the next ping.
  slow_block block{remote.magic(), 3'960'000};
  while (block.send_some(remote, 60'000)) {
    world.advance(1s);
    REQUIRE_FALSE(remote.saw_end());
  }
  CHECK(answer_pings(remote) == 2);
  world.advance(world.context->timing.ping_timeout);
  CHECK_FALSE(remote.saw_end());
}

TEST_CASE("a remote that stops in the middle of a message is ended one timeout later") {
  simulation world;
  auto remote = world.ready_inbound();
  answer_pings(remote);
  const auto& timing = world.context->timing;
  world.advance(timing.ping_interval - 1s);
  slow_block block{remote.magic(), 3'960'000};
  for (int second = 0; second < 30; ++second) {
    block.send_some(remote, 60'000);
    world.advance(1s);
  }
  CHECK_FALSE(remote.saw_end());
  world.advance(timing.ping_timeout - timing.ping_timeout / 4);
  CHECK_FALSE(remote.saw_end());
  world.advance(timing.ping_timeout / 2);
  CHECK(remote.saw_end());
}

TEST_CASE("dripping bytes without end gains next to nothing") {
  simulation world;
  auto remote = world.ready_inbound();
  answer_pings(remote);
  const auto& timing = world.context->timing;
  world.advance(timing.ping_interval - 1s);
  slow_block block{remote.magic(), 1'000'000};
  for (auto left = timing.ping_timeout + 3s; left > 0s; left -= 1s) {
    block.send_some(remote, 10);
    world.advance(1s);
  }
  CHECK(remote.saw_end());
}

TEST_CASE("an old peer that sends nothing is ended though it owes no pong") {
  simulation world;
  auto remote = world.open_inbound();
  auto old = remote_version();
  old.protocol = 60'000;
  world.shake_hands(remote, old, false);
  auto client = caf::actor_cast<caf::actor>(world.results->ready.back().client);
  world.results->ready.clear();
  caf::scoped_actor observer{world.system, true};
  observer->monitor(client);
  const auto interval = world.context->timing.ping_interval;
  auto live_for = [&](int intervals, auto act) {
    for (int n = 0; n < intervals && !remote.saw_end(); ++n) {
      act();
      world.advance(interval, 1s);
    }
  };
  SUBCASE("nothing at all") {
    live_for(heartbeat_schedule::idle_intervals, [] {});
    CHECK_FALSE(remote.saw_end());
    live_for(2, [] {});
    CHECK(remote.saw_end());
    observer->receive(
      [](const caf::down_msg& x) { CHECK(exit_of(x.reason) == peer_exit::idle_timeout); },
      caf::after(0s) >> [] { FAIL("the peer is still there"); });
  }
  SUBCASE("nothing whole") {
    slow_block block{remote.magic(), 1'000'000};
    live_for(heartbeat_schedule::idle_intervals + 2,
             [&] { block.send_some(remote, 10); });
    CHECK(remote.saw_end());
  }
  SUBCASE("nothing but garbage") {
    auto damaged = wire::encode(remote.magic(), wire::ping{1});
    damaged.back() ^= std::byte{1};
    auto malformed = wire::encode(remote.magic(), wire::inv{});
    malformed[16] = std::byte{0}; // bytes of payload
    malformed.resize(wire::envelope_size);
    const auto sum = wire::checksum({});
    std::memcpy(malformed.data() + 20, &sum, 4);
    live_for(heartbeat_schedule::idle_intervals + 2, [&] {
      remote.send_raw(damaged);
      remote.send_raw(malformed);
    });
    CHECK(remote.saw_end());
  }
  SUBCASE("something now and then") {
    live_for(10 * heartbeat_schedule::idle_intervals, [&, n = 0]() mutable {
      if (n++ % (heartbeat_schedule::idle_intervals - 1) == 0)
        remote.send(wire::ping{1});
    });
    CHECK_FALSE(remote.saw_end());
  }
  client = nullptr;
}

// -- pings that a person asks for ------------------------------------------------------

TEST_CASE("one ping at a time, of any kind") {
  simulation world;
  auto remote = world.ready_inbound();
  auto client = world.take_client();
  auto ask_for_pings = [&] {
    for (int i = 0; i < 20; ++i)
      caf::anon_send(client, ping_now{});
    world.run();
  };
  ask_for_pings(); // the heartbeat's first one is unanswered
  world.advance(500ms);
  CHECK(world.snapshot(client).ping_wait == 500ms);
  CHECK(answer_pings(remote) == 1);
  world.run();
  CHECK(world.snapshot(client).ping_wait == 0s);
  ask_for_pings();
  world.advance(500ms);
  CHECK(world.snapshot(client).ping_wait == 500ms);
  CHECK(answer_pings(remote) == 1);
  world.run();
  CHECK(world.snapshot(client).ping_wait == 0s);
  CHECK(world.snapshot(client).last_ping == 500ms);
  CHECK(
    world.snapshot(client).traffic.ignored[static_cast<std::size_t>(ignored::odd_pong)] ==
    0);
  // The heartbeat keeps its pace.
  world.advance(world.context->timing.ping_interval - 1050ms);
  CHECK(answer_pings(remote) == 0);
  world.advance(50ms);
  CHECK(answer_pings(remote) == 1);
}

TEST_CASE("a ping of a request is one under way, too, as is one that fences another") {
  simulation world;
  auto remote = world.ready_inbound();
  auto client = world.take_client();
  CHECK(answer_pings(remote) == 1);
  world.run();
  CHECK(world.snapshot(client).ping_wait == 0s);
  std::shared_ptr<simulation::asked<latency>> rtt;
  std::shared_ptr<simulation::asked<headers>> found;
  SUBCASE("measure_latency") {
    rtt = world.ask<latency>(client, measure_latency{10s});
  }
  SUBCASE("get_headers") {
    found = world.ask<headers>(client, get_headers{{{}}, {}, {}});
  }
  SUBCASE("measure_latency that nobody waits for any more") {
    rtt = world.ask<latency>(client, measure_latency{100ms});
  }
  world.advance(500ms);
  CHECK(world.snapshot(client).ping_wait == 500ms);
  for (int i = 0; i < 20; ++i)
    caf::anon_send(client, ping_now{});
  world.advance(500ms);
  CHECK(world.snapshot(client).ping_wait == 1s);
  CHECK(answer_pings(remote) == 1);
  world.run();
  CHECK(world.snapshot(client).ping_wait == 0s);
  caf::anon_send(client, ping_now{});
  world.run();
  CHECK(answer_pings(remote) == 1);
  world.run();
}

TEST_CASE("a peer too old for pongs is not pinged on demand") {
  simulation world;
  auto remote = world.open_inbound();
  auto old = remote_version();
  old.protocol = 60'000;
  world.shake_hands(remote, old, false);
  auto client = world.take_client();
  remote.take();
  caf::anon_send(client, ping_now{});
  world.run();
  CHECK(answer_pings(remote) == 0);
  CHECK(world.snapshot(client).ping_wait == 0s);
}
