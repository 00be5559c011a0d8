// SPDX-License-Identifier: MIT
#include "actors/interfaces/peer.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "tests/simulation/simulation.hpp"
#include "tests/support/log_sinks.hpp"
#include "tests/support/scripted_service.hpp"

#include <algorithm>
#include <functional>

/// I1: the lifetime of a peer follows its client handle alone.
/// I2: any part of a group ends, all of it ends, with the first reason.
using namespace peerage;
using namespace peerage::test;

TEST_CASE("I1: dropping the last handle of an idle peer ends all of it") {
  simulation world;
  auto remote = world.ready_inbound();
  REQUIRE(world.peer_actors() == 3);
  world.results->ready.clear();
  world.run();
  CHECK(remote.saw_end());
  CHECK(world.peer_actors() == 0);
  CHECK(world.sockets->open_connections() == 0);
}

TEST_CASE("I16: a failed handshake leaves no alarm behind") {
  simulation world;
  REQUIRE(world.pending_alarms() == 0);
  auto peer = world.ready_outbound();
  CHECK(world.pending_alarms() == 1); // the heartbeat's
  auto stranger = world.open_inbound();
  CHECK(world.pending_alarms() == 2); // and the handshake's deadline
  stranger.close();
  world.run();
  CHECK(world.pending_alarms() == 1);
}

TEST_CASE("I16: a peer that ends takes its alarms along") {
  simulation world;
  world.context->service = world.system.spawn(
    scripted_service,
    service_script{.on_headers = [](const serve_headers&) -> caf::result<headers> {
      return caf::delegated<headers>{}; // never
    }});
  auto remote = world.ready_outbound();
  REQUIRE(world.pending_alarms() == 1); // the heartbeat's
  SUBCASE("its handle goes") {
    world.results->ready.clear();
  }
  SUBCASE("it leaves") {
    remote.close();
  }
  SUBCASE("its handle goes while it waits for the node's service") {
    remote.send(wire::getheaders{70016, {}, {}});
    world.run();
    REQUIRE(world.pending_alarms() == 2);
    world.results->ready.clear();
  }
  world.run();
  CHECK(world.pending_alarms() == 0);
}

TEST_CASE("I1: dropping the handle with a request in flight answers the caller once") {
  simulation world;
  auto remote = world.ready_inbound();
  auto answer = world.ask<latency>(world.results->ready.back().client, measure_latency{});
  world.run();
  CHECK(answer->replies == 0);
  world.results->ready.clear();
  world.run();
  CHECK(remote.saw_end());
  CHECK(answer->replies == 1);
  REQUIRE(answer->failure);
  CHECK(outcome_of(*answer->failure) == request_error::cancelled);
  CHECK(world.peer_actors() == 0);
}

TEST_CASE("I1: a request is cancelled though the client is gone before it is monitored") {
  simulation world;
  auto remote = world.open_inbound();
  for (const auto& x : std::vector<wire::message>{remote_version(), wire::verack{}})
    remote.send(x);
  // The newest first, so that the connection has no turn before the client is dropped.
  auto& scheduler = world.scheduler();
  while (world.results->ready.empty())
    REQUIRE(scheduler.try_run_once_lifo());
  auto client = world.take_client();
  auto answer = world.ask<latency>(client, measure_latency{});
  auto weak = caf::actor_cast<caf::actor_addr>(client);
  client = nullptr;
  while (caf::actor_cast<caf::strong_actor_ptr>(weak))
    REQUIRE(scheduler.try_run_once_lifo());
  world.run();
  CHECK(remote.saw_end());
  CHECK(answer->replies == 1);
  REQUIRE(answer->failure);
  CHECK(outcome_of(*answer->failure) == request_error::cancelled);
  CHECK(world.peer_actors() == 0);
}

TEST_CASE("I1: dropping the handle while the heartbeat waits for a pong") {
  simulation world;
  auto remote = world.ready_inbound();
  remote.take();
  world.advance(world.context->timing.ping_timeout / 2); // the first ping is unanswered
  world.results->ready.clear();
  world.run();
  CHECK(remote.saw_end());
  CHECK(world.peer_actors() == 0);
}

TEST_CASE("I1: dropping the handle while the remote reads nothing") {
  simulation world;
  auto remote = world.ready_inbound();
  remote.stop_reading();
  auto answer = world.ask<caf::unit_t>(
    world.results->ready.back().client,
    send_transaction{{wire::slice::adopt(std::vector<std::byte>(3'000'000))}});
  world.run();
  CHECK(answer->value);
  world.results->ready.clear();
  world.run();
  CHECK(remote.saw_end());
  CHECK(world.peer_actors() == 0);
}

TEST_CASE("I1: a client that is dropped before its connection knows it") {
  simulation world;
  auto magic = world.context->network.magic;
  auto at = ipv4_endpoint(10, 0, 0, 1, 1);
  auto [ours, theirs] = world.sockets->open_pair(magic, at, at);
  scripted_remote remote{theirs, magic};
  {
    auto group = world.system.spawn(connection, world.context, std::move(ours),
                                    peer_info{}, traffic_so_far{magic}, 0);
    auto front = world.system.spawn(client, group);
    world.run();
    caf::anon_send(group, attach_client{front.address()});
  }
  world.run();
  CHECK(remote.saw_end());
  CHECK(world.peer_actors() == 0);
}

TEST_CASE("I1: a thousand connections and drops leave nothing behind") {
  simulation world;
  for (int i = 0; i < 1'000; ++i) {
    auto remote = i % 2 == 0 ? world.ready_inbound() : world.ready_outbound();
    auto answer = i % 3 == 0 ? world.ask<latency>(world.results->ready.back().client,
                                                  measure_latency{})
                             : nullptr;
    world.results->ready.clear();
    world.run();
    CHECK(remote.saw_end());
    if (answer)
      CHECK(answer->replies == 1);
  }
  CHECK(world.peer_actors() == 0);
  CHECK(world.sockets->open_connections() == 0);
  CHECK(world.sockets->dials_in_flight() == 0);
  CHECK(world.results->failed.empty());
}

TEST_CASE("I2: whichever part ends, all end with its reason, and the set learns of it") {
  struct ending {
    const char* what;
    std::function<void(const client_actor&, scripted_remote&)> how;
    peer_exit reason;
  };
  const auto kill = caf::exit_reason::kill;
  const ending endings[] = {
    {"the heartbeat is killed",
     [&](const client_actor& x, scripted_remote&) {
       caf::anon_send_exit(heartbeat_of(x), kill);
     },
     peer_exit::internal_error},
    {"the connection is killed",
     [&](const client_actor& x, scripted_remote&) {
       caf::anon_send_exit(connection_of(x), kill);
     },
     peer_exit::internal_error},
    {"the client is killed",
     [&](const client_actor& x, scripted_remote&) { caf::anon_send_exit(x, kill); },
     peer_exit::internal_error},
    {"a person disconnects the client",
     [](const client_actor& x, scripted_remote&) {
       end_actor(x, caf::make_error(peer_exit::disconnect_requested));
     },
     peer_exit::disconnect_requested},
    {"the heartbeat gives up",
     [](const client_actor& x, scripted_remote&) {
       end_actor(heartbeat_of(x), caf::make_error(peer_exit::ping_timeout));
     },
     peer_exit::ping_timeout},
    {"the remote closes",
     [](const client_actor&, scripted_remote& remote) { remote.close(); },
     peer_exit::remote_closed},
    {"the remote closes inside a message",
     [](const client_actor&, scripted_remote& remote) {
       auto bytes = wire::encode(remote.magic(), wire::ping{1});
       bytes.pop_back();
       remote.send_raw(bytes);
       remote.close();
     },
     peer_exit::truncated_message},
    {"the remote breaks a rule",
     [](const client_actor&, scripted_remote& remote) {
       remote.send(wire::wtxidrelay{});
     },
     peer_exit::late_feature_message},
  };
  for (const auto& ending : endings) {
    const std::string what = ending.what;
    CAPTURE(what);
    simulation world;
    auto set = world.system.spawn(peer_set, world.context, peer_set_options{});
    auto remote = world.ready_inbound();
    auto ready = std::move(world.results->ready.back());
    world.results->ready.clear();
    auto group = connection_of(ready.client).address();
    caf::scoped_actor observer{world.system, true};
    observer->monitor(ready.client);
    caf::anon_send(set, join_set{ready, false});
    world.run();
    ending.how(ready.client, remote);
    ready = {};
    world.run();
    CHECK(remote.saw_end());
    CHECK(world.peer_actors() == 2); // the set, the observer
    CHECK_FALSE(caf::actor_cast<caf::actor>(group));
    observer->receive(
      [&](const caf::down_msg& x) { CHECK(exit_of(x.reason) == ending.reason); },
      caf::after(0s) >> [] { FAIL("the client is still there"); });
    observer->send(set, get_peer_set_snapshot{});
    world.run();
    observer->receive(
      [&](const peer_set_snapshot& x) {
        CHECK(x.total == 0);
        CHECK(x.exits[static_cast<std::size_t>(ending.reason)] == 1);
      },
      caf::after(0s) >> [] { FAIL("the set does not answer"); });
    caf::anon_send_exit(set, caf::exit_reason::user_shutdown);
    set = nullptr;
    world.run();
  }
}

TEST_CASE("I2: a clean end logs no error") {
  const collected_log seen;
  {
    simulation world;
    auto set = world.system.spawn(peer_set, world.context, peer_set_options{});
    auto closing = world.ready_inbound();
    auto dropped = world.ready_inbound();
    caf::anon_send(set, join_set{world.results->ready.front(), false});
    world.results->ready.clear();
    world.run();
    closing.close();
    world.run();
    caf::anon_send_exit(set, caf::exit_reason::user_shutdown);
    set = nullptr;
    world.run();
    CHECK(dropped.saw_end());
  }
  CHECK(seen.text().find("remote_closed") != std::string::npos);
  CHECK(std::ranges::none_of(seen.lines(),
                             [](const auto& x) { return x.at >= log::level::error; }));
}
