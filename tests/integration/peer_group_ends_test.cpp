// SPDX-License-Identifier: MIT
#include "actors/interfaces/peer.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "tests/integration/peer_group_fixture.hpp"
#include "tests/support/log_sinks.hpp"
#include "tests/support/peer_parts.hpp"

/// I2: any part of a peer ends, all of it ends, with the first reason.
using namespace peerage;
using namespace peerage::test;

TEST_CASE("I2: whatever ends a peer, all of it ends with that reason") {
  struct way_to_end {
    std::string name;
    std::function<void(raw_peer&, const client_actor&)> act;
    peer_exit reason;
  };
  auto exit_with = [](caf::error why) {
    return [why](raw_peer&, const client_actor& client) { end_actor(client, why); };
  };
  const std::vector<way_to_end> ways{
    {"the remote closes", [](raw_peer& x, const client_actor&) { x.finish_sending(); },
     peer_exit::remote_closed},
    {"the remote resets", [](raw_peer& x, const client_actor&) { x.abort(); },
     peer_exit::socket_error},
    {"the remote breaks a rule",
     [](raw_peer& x, const client_actor&) { x.send(wire::sendaddrv2{}); },
     peer_exit::late_feature_message},
    {"the client is stopped", exit_with(caf::exit_reason::user_shutdown),
     peer_exit::shutting_down},
    {"a disconnect is asked for",
     exit_with(caf::make_error(peer_exit::disconnect_requested)),
     peer_exit::disconnect_requested},
    {"the client is killed", exit_with(caf::exit_reason::kill),
     peer_exit::internal_error},
    {"the connection is killed",
     [](raw_peer&, const client_actor& client) {
       end_actor(connection_of(client), caf::exit_reason::kill);
     },
     peer_exit::internal_error},
    {"the heartbeat is killed",
     [](raw_peer&, const client_actor& client) {
       end_actor(heartbeat_of(client), caf::exit_reason::kill);
     },
     peer_exit::internal_error},
  };
  test_node node{patiently()};
  for (const auto& way : ways) {
    CAPTURE(way.name);
    for (bool inbound : {true, false}) {
      auto pair = inbound ? node.inbound() : node.outbound();
      settle(node, pair);
      end_watch watch{node.system(), pair.peer.client};
      auto until = in(drop_bound);
      way.act(pair.remote, pair.peer.client);
      auto reason = watch.wait(until);
      REQUIRE(reason);
      CHECK(exit_of(*reason) == way.reason);
      if (way.reason != peer_exit::socket_error)
        CHECK(pair.remote.read_end(until) == stream_end::end_of_file);
      pair.remote.close();
      CHECK(node.settled_at(node.baseline(), until) == node.baseline());
    }
  }
}

TEST_CASE("I2: a reset is a reset, also when a send of ours finds it first") {
  test_node node{patiently()};
  for (int i = 0; i < 50; ++i) {
    auto pair = node.inbound();
    settle(node, pair);
    end_watch watch{node.system(), pair.peer.client};
    pair.remote.abort();
    auto request = node.ask<latency>(pair.peer.client, measure_latency{});
    auto reason = watch.wait(in(drop_bound));
    REQUIRE(reason);
    CHECK(exit_of(*reason) == peer_exit::socket_error);
    auto answer = request.wait();
    REQUIRE(answer.failure);
    CHECK(outcome_of(*answer.failure) == request_error::peer_gone);
  }
}

TEST_CASE("I2: a peer that answers no ping ends interval + timeout later") {
  test_node_options options;
  options.adjust = [](node_context& context) {
    context.timing.ping_interval = 300ms;
    context.timing.ping_timeout = 200ms;
  };
  test_node node{std::move(options)};
  auto pair = node.inbound();
  end_watch watch{node.system(), pair.peer.client};
  // The first ping is answered, the second, one interval later, is not.
  while (pair.remote.pings == 0)
    pair.remote.round_trip();
  pair.remote.answers_pings = false;
  auto start = wall_clock::now();
  CHECK(pair.remote.read_end() == stream_end::end_of_file);
  auto took = since(start);
  CHECK(took > milliseconds(300ms + 200ms) - 100); // `start` is later than the first ping
  CHECK(took < milliseconds(300ms + 200ms + slack));
  auto reason = watch.wait();
  REQUIRE(reason);
  CHECK(exit_of(*reason) == peer_exit::ping_timeout);
  pair.remote.close();
  CHECK(node.settled_at(node.baseline(), in(drop_bound)) == node.baseline());
}

TEST_CASE("I2: what dial and accept return, ended, reports one failure and closes") {
  test_node node{patiently()};
  for (bool kill : {true, false}) {
    CAPTURE(kill);
    caf::error why = kill ? caf::exit_reason::kill : caf::exit_reason::user_shutdown;
    auto expected = kill ? peer_exit::internal_error : peer_exit::shutting_down;
    { // a connector
      raw_listener black_hole{0};
      black_hole.fill();
      auto before = node.now();
      auto attempt = node.dial(black_hole.local());
      CHECK(node.now() != before);
      end_actor(attempt, why);
      CHECK(node.next_failure(in(drop_bound)).reason == expected);
      attempt = nullptr;
      CHECK(node.settled_at(before, in(drop_bound)) == before);
    }
    { // a handshake
      auto remote = raw_peer::connect(node.listens_at());
      remote.send(raw_identity{}.version());
      remote.expect("verack");
      end_actor(node.newest_handshake(), why);
      CHECK(node.next_failure(in(drop_bound)).reason == expected);
      CHECK(remote.read_end(in(drop_bound)) == stream_end::end_of_file);
      remote.close();
      CHECK(node.settled_at(node.baseline(), in(drop_bound)) == node.baseline());
    }
    CHECK(node.outcomes_waiting() == 0);
  }
}

TEST_CASE("I2: the peer set learns of every end, and clean ends log no error") {
  const collected_log errors{peerage::log::level::error};
  std::size_t told = 0;
  {
    auto options = patiently();
    options.managed = true;
    test_node node{std::move(options)};
    auto join = [&] {
      auto remote = raw_peer::connect(node.listens_at());
      remote.shake_hands();
      REQUIRE(eventually([&] { return node.find(remote).has_value(); }));
      return remote;
    };
    auto left = [&](peer_exit reason, std::uint64_t times) {
      return eventually([&] {
        auto peers = node.snapshot().peers;
        return peers.total == 0 && peers.exits[static_cast<std::size_t>(reason)] == times;
      });
    };
    auto client_of = [&](const raw_peer& remote) {
      auto set = node.get<peer_set_actor>(node.manager(), caf::get_atom_v);
      test_actor self{node.system()};
      client_actor result;
      self->request(set, 5s, caf::get_atom_v, node.find(remote)->info.id)
        .receive([&](const client_actor& x) { result = x; }, [](caf::error&) {});
      REQUIRE(result);
      return result;
    };
    auto remote = join();
    remote.finish_sending();
    CHECK(left(peer_exit::remote_closed, 1));
    remote = join();
    end_actor(client_of(remote), caf::make_error(peer_exit::disconnect_requested));
    CHECK(left(peer_exit::disconnect_requested, 1));
    CHECK(remote.read_end() == stream_end::end_of_file);
    remote.close();
    CHECK(node.settled_at(node.baseline()) == node.baseline());
    CHECK(errors.text() == "");
    // The check itself: what is no clean end does log.
    remote = join();
    caf::anon_send_exit(client_of(remote), caf::exit_reason::kill);
    CHECK(left(peer_exit::internal_error, 1));
    told = errors.lines().size();
    CHECK(told > 0);
    remote = join(); // to be ended by the stop of the manager
  }
  CHECK(errors.lines().size() == told);
}
