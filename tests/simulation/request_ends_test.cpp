// SPDX-License-Identifier: MIT
#include "tests/simulation/requests_fixture.hpp"

#include <functional>

/// I3: every request ends exactly once.
using namespace peerage;
using namespace peerage::test;

TEST_CASE("I3: exactly one end, with the peer killed at every step of an exchange") {
  auto a = make_block(1), b = make_block(2);
  struct killer {
    const char* what;
    std::function<void(world_with_peer&)> strike;
  };
  const auto kill = caf::exit_reason::kill;
  const killer killers[] = {
    {"the remote closes", [](world_with_peer& x) { x.remote.close(); }},
    {"the client is dropped", [](world_with_peer& x) { x.client = nullptr; }},
    {"the client is killed",
     [&](world_with_peer& x) { caf::anon_send_exit(x.client, kill); }},
    {"the connection is killed",
     [&](world_with_peer& x) { caf::anon_send_exit(connection_of(x.client), kill); }},
    {"the heartbeat is killed",
     [&](world_with_peer& x) { caf::anon_send_exit(heartbeat_of(x.client), kill); }},
    {"garbage",
     [](world_with_peer& x) {
       x.remote.send_raw(std::vector<std::byte>(4'096, std::byte{7}));
     }},
  };
  using step = std::function<void(world_with_peer&)>;
  const step steps[] = {
    [](world_with_peer&) {},
    [](world_with_peer& x) { x.run(); },
    [&](world_with_peer& x) { x.remote.send(a); },
    [](world_with_peer& x) { x.run(); },
    [&](world_with_peer& x) {
      auto bytes = wire::encode(x.remote.magic(), b);
      bytes.resize(bytes.size() / 2);
      x.remote.send_raw(bytes);
    },
    [](world_with_peer& x) { x.run(); },
    [&](world_with_peer& x) {
      auto bytes = wire::encode(x.remote.magic(), b);
      bytes.erase(bytes.begin(), bytes.begin() + static_cast<long>(bytes.size() / 2));
      x.remote.send_raw(bytes);
    },
    [](world_with_peer& x) { answer_pings(x.remote, x.remote.take()); },
    [](world_with_peer& x) { x.run(); },
  };
  for (const auto& killer : killers) {
    for (std::size_t last = 0; last <= std::size(steps); ++last) {
      const std::string what = killer.what;
      CAPTURE(what);
      CAPTURE(last);
      world_with_peer world;
      auto fetched =
        world.ask<blocks>(world.client, get_blocks{{a.hash(), b.hash()}, {}});
      auto lists = world.ask<headers>(world.client, get_headers{{{}}, {}, {}});
      auto queued = world.ask<headers>(world.client, get_headers{{{}}, {}, {}});
      auto rtt = world.ask<latency>(world.client, measure_latency{});
      for (std::size_t i = 0; i < last; ++i)
        steps[i](world);
      killer.strike(world);
      world.run();
      CHECK(fetched->replies == 1);
      CHECK(lists->replies == 1);
      CHECK(queued->replies == 1);
      CHECK(rtt->replies == 1);
      // Before the last byte of the last block it can only have failed.
      if (last < 7)
        CHECK(fetched->failure);
      world.client = nullptr;
      world.run();
      CHECK(world.peer_actors() == 0);
    }
  }
}

TEST_CASE("I3: the caller learns why the peer is gone") {
  world_with_peer world;
  auto answer = world.ask<latency>(world.client, measure_latency{});
  world.run();
  world.remote.send(wire::sendaddrv2{});
  world.run();
  CHECK(failure_of(answer->failure) == request_error::peer_gone);
  CHECK(exit_of_request(*answer->failure) == peer_exit::late_feature_message);
  // A later request fails with peer_gone, too.
  auto late = world.ask<latency>(world.client, measure_latency{});
  world.run();
  CHECK(late->replies == 1);
  CHECK(failure_of(late->failure) == request_error::peer_gone);
}

TEST_CASE("I3: each request has its own deadline, also while it is queued") {
  world_with_peer world;
  auto slow = world.ask<headers>(world.client, get_headers{{{}}, {}, 10s});
  auto queued = world.ask<headers>(world.client, get_headers{{{}}, {}, 3s});
  auto standard = world.ask<blocks>(world.client, get_blocks{{{}}, {}});
  world.run();
  world.advance(3s - 50ms);
  CHECK(queued->replies == 0);
  world.advance(50ms);
  CHECK(failure_of(queued->failure) == request_error::timeout);
  world.advance(7s - 50ms);
  CHECK(slow->replies == 0);
  world.advance(50ms);
  CHECK(failure_of(slow->failure) == request_error::timeout);
  world.advance(world.context->timing.request_timeout - 10s);
  CHECK(failure_of(standard->failure) == request_error::timeout);
}
