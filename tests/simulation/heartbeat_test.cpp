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

TEST_CASE("a pong without a nonce stands for the oldest ping, whoever sent that") {
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
  CHECK(world.snapshot(client).ping_wait == 0s);
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
