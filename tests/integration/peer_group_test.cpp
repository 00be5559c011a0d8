#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "actors/chain/regtest_chain.hpp"
#include "tests/support/raw_peer.hpp"
#include "tests/support/test_node.hpp"

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <numeric>
#include <sstream>

/// The invariants that the simulation tests check under a virtual clock, once over real
/// sockets and real threads.
using namespace peerage;
using namespace peerage::test;

namespace {

/// How soon a dropped client has to be gone, and everything of it.
constexpr auto drop_bound = 1s;

/// What a deadline may come late on a busy machine.
constexpr auto slack = 700ms;

/// Timing that no test of a drop ever waits for.
void patient(peer_context& context) {
  context.timing.ping_interval = 600s;
  context.timing.ping_timeout = 300s;
}

test_node_options patiently() {
  test_node_options result;
  result.adjust = patient;
  return result;
}

/// Waits until the first heartbeat is answered, so that nothing is under way.
void settle(test_node& node, test_node::connected_pair& pair) {
  REQUIRE(eventually([&] {
    pair.remote.round_trip();
    return pair.remote.pings > 0;
  }));
  REQUIRE(eventually([&] {
    return node.snapshot_of(pair.peer.client).last_ping > caf::timespan::zero();
  }));
}

struct drop_result {
  bool remote_read_end_of_file = false;
  bool all_gone = false;
};

/// Drops the last handle of a peer, and looks at what is left of it.
drop_result drop(test_node& node, test_node::connected_pair pair) {
  auto until = in(drop_bound);
  pair.peer.client = nullptr;
  drop_result result;
  result.remote_read_end_of_file = pair.remote.read_end(until) == stream_end::end_of_file;
  pair.remote.close();
  result.all_gone = node.returns_to_baseline(until);
  return result;
}

template <class Reply>
void check_cancelled(asked<Reply>& request) {
  auto answer = request.wait();
  REQUIRE(answer.failure);
  CHECK(outcome_of(*answer.failure) == request_error::cancelled);
}

/// Milliseconds since `start`.
double since(deadline start) {
  return std::chrono::duration<double, std::milli>(wall_clock::now() - start).count();
}

template <class Duration>
double milliseconds(Duration x) {
  return std::chrono::duration<double, std::milli>(x).count();
}

} // namespace

// -- I1: the lifetime of a peer follows its client handle alone ------------------------

TEST_CASE("I1: dropping the last handle of an idle peer ends all of it") {
  test_node node{patiently()};
  for (bool inbound : {true, false}) {
    CAPTURE(inbound);
    auto pair = inbound ? node.inbound() : node.outbound();
    settle(node, pair);
    // The handshake itself may still be on its way out.
    CHECK(eventually([&] { return node.now().actors == node.baseline().actors + 3; }));
    auto result = drop(node, std::move(pair));
    CHECK(result.remote_read_end_of_file);
    CHECK(result.all_gone);
  }
}

TEST_CASE("I1: dropping the last handle cancels each request in flight, once") {
  test_node node{patiently()};
  auto pair = node.inbound();
  settle(node, pair);
  pair.remote.answers_pings = false;
  const auto& client = pair.peer.client;
  auto some_blocks = node.ask<blocks>(client, get_blocks{{wire::hash256{{1}}}, {}});
  pair.remote.expect("getdata");
  auto some_headers = node.ask<headers>(client, get_headers{});
  pair.remote.expect("getheaders");
  auto round_trip = node.ask<latency>(client, measure_latency{});
  pair.remote.expect("ping"); // the fence of getheaders
  pair.remote.expect("ping");
  auto result = drop(node, std::move(pair));
  CHECK(result.remote_read_end_of_file);
  CHECK(result.all_gone);
  check_cancelled(some_blocks);
  check_cancelled(some_headers);
  check_cancelled(round_trip);
  CHECK_FALSE(some_blocks.answered_again());
  CHECK_FALSE(some_headers.answered_again());
  CHECK_FALSE(round_trip.answered_again());
}

TEST_CASE("I1: a request that was sent just before the drop is cancelled, once") {
  test_node node{patiently()};
  for (int i = 0; i < 50; ++i) {
    auto pair = node.inbound();
    auto request =
      node.ask<blocks>(pair.peer.client, get_blocks{{wire::hash256{{1}}}, {}});
    auto result = drop(node, std::move(pair));
    CHECK(result.remote_read_end_of_file);
    CHECK(result.all_gone);
    check_cancelled(request);
    CHECK_FALSE(request.answered_again());
  }
}

TEST_CASE("I1: dropping the handle while the heartbeat waits for a pong") {
  test_node node{patiently()};
  for (bool inbound : {true, false}) {
    CAPTURE(inbound);
    auto pair = inbound ? node.inbound() : node.outbound();
    pair.remote.answers_pings = false;
    pair.remote.expect("ping");
    auto result = drop(node, std::move(pair));
    CHECK(result.remote_read_end_of_file);
    CHECK(result.all_gone);
  }
}

TEST_CASE("I1: the mutation check: a heartbeat that holds the client fails that test") {
  auto options = patiently();
  options.adjust = [](peer_context& context) {
    patient(context);
    context.heartbeat_holds_client = true;
  };
  test_node node{std::move(options)};
  auto pair = node.inbound();
  pair.remote.answers_pings = false;
  pair.remote.expect("ping");
  auto leaked = caf::actor_cast<caf::actor_addr>(pair.peer.client);
  auto until = in(drop_bound);
  pair.peer.client = nullptr;
  CHECK(pair.remote.read_end(until) == stream_end::open);
  CHECK(node.now().actors == node.baseline().actors + 3);
  // Nothing but this ends it before its remote does.
  if (auto client = caf::actor_cast<caf::actor>(leaked))
    caf::anon_send_exit(client, caf::exit_reason::kill);
  CHECK(pair.remote.read_end() == stream_end::end_of_file);
  pair.remote.close();
  CHECK(node.settled_at(node.baseline()) == node.baseline());
}

TEST_CASE("I1: 1,000 peers that come and are dropped leave nothing behind") {
  constexpr int rounds = 50;
  constexpr std::size_t each_way = 10;
  test_node node{patiently()};
  raw_listener listener;
  // The listener of the test is open before and after.
  const auto before = node.now();
  for (int round = 0; round < rounds; ++round) {
    std::vector<raw_peer> remotes;
    for (std::size_t i = 0; i < each_way; ++i) {
      node.dial(listener.local());
      remotes.push_back(raw_peer::connect(node.listens_at()));
    }
    for (std::size_t i = 0; i < each_way; ++i) {
      remotes[i].shake_hands();
      remotes.push_back(listener.accept());
      remotes.back().answer_handshake();
    }
    std::vector<peer_ready> peers;
    for (std::size_t i = 0; i < remotes.size(); ++i)
      peers.push_back(node.next_ready());
    peers.clear();
    auto until = in(drop_bound);
    for (auto& remote : remotes)
      REQUIRE(remote.read_end(until) == stream_end::end_of_file);
  }
  CHECK(node.settled_at(before, in(drop_bound)) == before);
  CHECK(node.outcomes_waiting() == 0);
}

TEST_CASE("I1: 1,000 inbound peers that come and go give their slots back") {
  constexpr int rounds = 50;
  constexpr std::size_t slots = 20;
  auto options = patiently();
  options.managed = true;
  options.max_inbound = slots;
  test_node node{std::move(options)};
  for (int round = 0; round < rounds; ++round) {
    std::vector<raw_peer> remotes;
    for (std::size_t i = 0; i < slots; ++i) {
      remotes.push_back(raw_peer::connect(node.listens_at()));
      remotes.back().shake_hands();
    }
    REQUIRE(eventually([&] { return node.snapshot().peers.total == slots; }));
    if (round == 0) {
      auto one_more = raw_peer::connect(node.listens_at());
      CHECK(one_more.read_end() != stream_end::open);
    }
    remotes.clear();
    REQUIRE(eventually([&] { return node.snapshot().peers.total == 0; }));
  }
  auto end = node.snapshot();
  CHECK(end.failures[static_cast<std::size_t>(peer_exit::inbound_limit)] == 1);
  CHECK(std::accumulate(end.failures.begin(), end.failures.end(), 0u) == 1);
  CHECK(end.handshakes_in_flight == 0);
  CHECK(node.settled_at(node.baseline()) == node.baseline());
}

// -- I2: any part ends, all of it ends, with the first reason --------------------------

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
  options.adjust = [](peer_context& context) {
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
  std::ostringstream log;
  auto previous = spdlog::default_logger();
  auto errors = std::make_shared<spdlog::sinks::ostream_sink_mt>(log);
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("errors", errors));
  spdlog::default_logger()->set_level(spdlog::level::err);
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
    CHECK(log.str() == "");
    // The check itself: what is no clean end does log.
    remote = join();
    caf::anon_send_exit(client_of(remote), caf::exit_reason::kill);
    CHECK(left(peer_exit::internal_error, 1));
    CHECK(log.str() != "");
    log.str("");
    remote = join(); // to be ended by the stop of the manager
  }
  spdlog::set_default_logger(previous);
  CHECK(log.str() == "");
}

// -- I3: every request ends exactly once -----------------------------------------------

namespace {

/// One step of a remote's part in an exchange, and what the end of the stream means to
/// the peer behind it.
struct step {
  std::string name;
  std::function<void(raw_peer&)> act;
  bool inside_message = false;
  bool completes = false;
};

/// Plays the steps up to each of them, then ends the connection; checks the one answer.
template <class Reply, class Request>
void kill_at_every_step(const Request& request, const std::vector<step>& steps) {
  test_node node{patiently()};
  for (std::size_t last = 0; last < steps.size(); ++last) {
    for (bool reset : {false, true}) {
      CAPTURE(steps[last].name);
      CAPTURE(reset);
      auto pair = node.outbound();
      settle(node, pair);
      pair.remote.answers_pings = false;
      end_watch watch{node.system(), pair.peer.client};
      auto asked = node.ask<Reply>(pair.peer.client, request);
      // Behind the request in the same queues: now it is on the wire.
      REQUIRE(node.snapshot_of(pair.peer.client).requests_in_flight == 1);
      for (std::size_t i = 0; i <= last; ++i)
        steps[i].act(pair.remote);
      answer<Reply> answer;
      if (steps[last].completes)
        answer = asked.wait();
      if (reset)
        pair.remote.abort();
      else
        pair.remote.finish_sending();
      auto reason = watch.wait();
      REQUIRE(reason);
      auto expected = reset                        ? peer_exit::socket_error
                      : steps[last].inside_message ? peer_exit::truncated_message
                                                   : peer_exit::remote_closed;
      CHECK(exit_of(*reason) == expected);
      if (steps[last].completes) {
        CHECK(answer.value);
      } else {
        answer = asked.wait();
        REQUIRE(answer.failure);
        CHECK(outcome_of(*answer.failure) == request_error::peer_gone);
        CHECK(exit_of_request(*answer.failure) == expected);
      }
      pair.remote.close();
      CHECK(node.settled_at(node.baseline()) == node.baseline());
      CHECK_FALSE(asked.answered_again());
      // And one more to what is no more.
      auto late = node.ask<Reply>(pair.peer.client, request).wait();
      REQUIRE(late.failure);
      CHECK(outcome_of(*late.failure) == request_error::peer_gone);
    }
  }
}

byte_vector part_of(const byte_vector& bytes, double from, double to) {
  auto at = [&](double x) {
    return bytes.begin() +
           static_cast<std::ptrdiff_t>(x * static_cast<double>(bytes.size()));
  };
  return {at(from), at(to)};
}

} // namespace

TEST_CASE("I3: a fetch of blocks is answered once, the peer killed at every step") {
  auto chain = regtest_chain::generate(2, 1);
  auto magic = wire::parameters(wire::network::regtest).magic;
  auto first = wire::encode(magic, chain->at(1));
  auto second = wire::encode(magic, chain->at(2));
  kill_at_every_step<blocks>(
    get_blocks{{chain->hash_at(1), chain->hash_at(2)}, {}},
    {
      {"before getdata is read", [](raw_peer&) {}},
      {"getdata read", [](raw_peer& x) { x.expect("getdata"); }},
      {"part of a header", [&](raw_peer& x) { x.send(part_of(first, 0, 0.05)); }, true},
      {"half of a block", [&](raw_peer& x) { x.send(part_of(first, 0.05, 0.5)); }, true},
      {"all but a byte",
       [&](raw_peer& x) {
         x.send({first.begin() + static_cast<std::ptrdiff_t>(first.size() / 2),
                 first.end() - 1});
       },
       true},
      {"one block", [&](raw_peer& x) { x.send({first.back()}); }},
      {"half of the other", [&](raw_peer& x) { x.send(part_of(second, 0, 0.5)); }, true},
      {"both blocks", [&](raw_peer& x) { x.send(part_of(second, 0.5, 1)); }, false, true},
    });
}

TEST_CASE("I3: a request for headers is answered once, the peer killed at every step") {
  auto chain = regtest_chain::generate(3, 1);
  wire::headers found;
  for (std::size_t height = 1; height <= 3; ++height)
    found.entries.push_back(chain->at(height).header());
  auto bytes = wire::encode(wire::parameters(wire::network::regtest).magic, found);
  kill_at_every_step<headers>(
    get_headers{{chain->hash_at(0)}, {}, {}},
    {
      {"before getheaders is read", [](raw_peer&) {}},
      {"getheaders read", [](raw_peer& x) { x.expect("getheaders"); }},
      {"the fence read", [](raw_peer& x) { x.expect("ping"); }},
      {"half of the headers", [&](raw_peer& x) { x.send(part_of(bytes, 0, 0.5)); }, true},
      {"the headers", [&](raw_peer& x) { x.send(part_of(bytes, 0.5, 1)); }, false, true},
    });
}

TEST_CASE("I3: a measurement is answered once, the peer killed at every step") {
  byte_vector pong;
  kill_at_every_step<latency>(
    measure_latency{},
    {
      {"before ping is read", [](raw_peer&) {}},
      {"ping read",
       [&](raw_peer& x) {
         auto ping = std::get<wire::ping>(x.expect("ping").decoded());
         pong = x.encoded(wire::pong{ping.nonce});
       }},
      {"half of the pong", [&](raw_peer& x) { x.send(part_of(pong, 0, 0.5)); }, true},
      {"the pong", [&](raw_peer& x) { x.send(part_of(pong, 0.5, 1)); }, false, true},
    });
}

// -- I6: a handshake finishes, or fails at its own deadline ----------------------------

TEST_CASE("I6: a peer that nobody wants shakes hands, and is closed") {
  test_node node{patiently()};
  SUBCASE("inbound") {
    node.ignore_inbound_results();
    auto remote = raw_peer::connect(node.listens_at());
    remote.shake_hands();
    CHECK(remote.read_end(in(drop_bound)) == stream_end::end_of_file);
    remote.close();
    CHECK(node.settled_at(node.baseline(), in(drop_bound)) == node.baseline());
  }
  SUBCASE("outbound") {
    raw_listener listener;
    auto before = node.now();
    dial(node.system(), node.context, listener.local(), node.another_sink());
    auto remote = listener.accept();
    remote.answer_handshake();
    CHECK(remote.read_end(in(drop_bound)) == stream_end::end_of_file);
    remote.close();
    CHECK(node.settled_at(before, in(drop_bound)) == before);
  }
  CHECK(node.outcomes_waiting() == 0);
}

namespace {

constexpr auto handshake_timeout = 300ms;

} // namespace

TEST_CASE("I6: a remote that stalls is given up at the handshake's own deadline") {
  struct stall {
    std::string name;
    std::function<void(raw_peer&)> begin;
    std::function<void(raw_peer&, std::size_t)> trickle;
  };
  auto version = raw_identity{}.version();
  auto magic = wire::parameters(wire::network::regtest).magic;
  auto bytes = wire::encode(magic, version);
  auto nothing = [](raw_peer&) {};
  auto silence = [](raw_peer&, std::size_t) {};
  auto ping = [](raw_peer& x, std::size_t i) {
    x.send_some(x.encoded(wire::ping{i + 1}), in(1s));
  };
  const std::vector<stall> stalls{
    {"before version", nothing, silence},
    {"in the middle of a header",
     [&](raw_peer& x) {
       x.send({bytes.begin(), bytes.begin() + 10});
     },
     silence},
    {"in the middle of version",
     [&](raw_peer& x) {
       x.send({bytes.begin(), bytes.begin() + 60});
     },
     silence},
    {"before verack", [&](raw_peer& x) { x.send(version); }, silence},
    {"trickling version", nothing,
     [&](raw_peer& x, std::size_t i) { x.send_some({bytes[i % bytes.size()]}, in(1s)); }},
    {"pinging before version", nothing, ping},
    {"pinging before verack", [&](raw_peer& x) { x.send(version); }, ping},
  };
  test_node_options options;
  options.adjust = [](peer_context& context) {
    patient(context);
    context.timing.handshake_timeout = handshake_timeout;
  };
  test_node node{std::move(options)};
  for (const auto& stall : stalls) {
    CAPTURE(stall.name);
    for (bool inbound : {true, false}) {
      CAPTURE(inbound);
      raw_listener listener;
      auto start = wall_clock::now();
      if (!inbound)
        node.dial(listener.local());
      auto remote = inbound ? raw_peer::connect(node.listens_at()) : listener.accept();
      stall.begin(remote);
      auto end = stream_end::open;
      for (std::size_t i = 0; i < 500 && end == stream_end::open; ++i) {
        stall.trickle(remote, i);
        // Waits for the end, and so for the next time to trickle.
        end = remote.read_end(in(10ms));
      }
      auto took = since(start);
      CHECK(end != stream_end::open);
      CHECK(took > milliseconds(handshake_timeout) - 5);
      CHECK(took < milliseconds(handshake_timeout + slack));
      CHECK(remote.pings == 0);
      CHECK(node.next_failure().reason == peer_exit::handshake_timeout);
    }
  }
  CHECK(node.settled_at(node.baseline()) == node.baseline());
}

// -- I8: a connector opens TCP, a handshake shakes hands; one policy of deadlines ------

namespace {

constexpr auto connect_budget = 250ms;
constexpr auto handshake_budget = 400ms;

test_node_options with_budgets() {
  test_node_options result;
  result.adjust = [](peer_context& context) {
    patient(context);
    context.timing.connect_timeout = connect_budget;
    context.timing.handshake_timeout = handshake_budget;
  };
  return result;
}

} // namespace

TEST_CASE("I8: a refused dial fails at once") {
  test_node node{with_budgets()};
  auto nobody = raw_listener{}.local(); // closed again
  auto start = wall_clock::now();
  node.dial(nobody);
  auto failure = node.next_failure();
  CHECK(failure.reason == peer_exit::connect_refused);
  CHECK(failure.remote == nobody);
  CHECK(failure.way == direction::outbound);
  CHECK(since(start) < milliseconds(connect_budget));
  CHECK(node.settled_at(node.baseline()) == node.baseline());
}

TEST_CASE("I8: dials into a black hole end at the connect deadline, side by side") {
  constexpr int dials = 20;
  test_node node{with_budgets()};
  {
    raw_listener black_hole{0};
    black_hole.fill();
    auto start = wall_clock::now();
    for (int i = 0; i < dials; ++i)
      node.dial(black_hole.local());
    for (int i = 0; i < dials; ++i)
      CHECK(node.next_failure().reason == peer_exit::connect_timeout);
    CHECK(since(start) > milliseconds(connect_budget) - 5);
    CHECK(since(start) < milliseconds(connect_budget + slack));
  }
  CHECK(node.settled_at(node.baseline()) == node.baseline());
}

TEST_CASE("I8: a socket that is open but silent ends at the handshake deadline") {
  test_node node{with_budgets()};
  {
    raw_listener silent; // the kernel opens TCP; nobody ever accepts
    auto start = wall_clock::now();
    node.dial(silent.local());
    CHECK(node.next_failure().reason == peer_exit::handshake_timeout);
    CHECK(since(start) > milliseconds(handshake_budget) - 5);
    CHECK(since(start) < milliseconds(handshake_budget + slack));
  }
  CHECK(node.settled_at(node.baseline()) == node.baseline());
}

TEST_CASE("I8: a node that dials itself finds out, and no peer is left on either side") {
  test_node node{with_budgets()};
  node.dial(node.listens_at());
  std::optional<peer_exit> dialed, accepted;
  for (int i = 0; i < 2; ++i) {
    auto failure = node.next_failure();
    (failure.way == direction::inbound ? accepted : dialed) = failure.reason;
  }
  // The accepting side sees the nonce first, and says nothing before it hangs up.
  CHECK(accepted == peer_exit::self_connection);
  CHECK(dialed == peer_exit::remote_closed);
  CHECK(node.outcomes_waiting() == 0);
  CHECK(node.settled_at(node.baseline()) == node.baseline());
}

TEST_CASE("I8: the dialing side knows its own nonce as well, whoever brings it back") {
  test_node node{with_budgets()};
  raw_listener listener;
  auto before = node.now();
  for (bool same_connection : {true, false}) {
    CAPTURE(same_connection);
    node.dial(listener.local());
    auto remote = listener.accept();
    auto theirs = std::get<wire::version>(remote.expect("version").decoded());
    raw_identity mirror;
    mirror.nonce = theirs.nonce;
    if (same_connection) {
      remote.send(mirror.version());
      auto failure = node.next_failure();
      CHECK(failure.reason == peer_exit::self_connection);
      CHECK(failure.way == direction::outbound);
    } else {
      auto other = raw_peer::connect(node.listens_at());
      other.send(mirror.version());
      auto failure = node.next_failure();
      CHECK(failure.reason == peer_exit::self_connection);
      CHECK(failure.way == direction::inbound);
      CHECK(other.read_end() == stream_end::end_of_file);
      // The dial itself goes on: it may be a stranger who repeats nonces.
      remote.send(remote.handshake_bytes());
      CHECK(node.next_ready().client);
    }
    CHECK(remote.read_end() == stream_end::end_of_file);
  }
  CHECK(node.settled_at(before) == before);
}

// -- I12, and flow ---------------------------------------------------------------------

namespace {

constexpr std::size_t big_block_size = 256 * 1024;

/// Makes a block on demand for whatever hash is asked; its bytes tell which.
inbound_service_actor::behavior_type big_blocks(inbound_service_actor::pointer) {
  return {
    [](const serve_headers&) { return headers{}; },
    [](const serve_block_hashes&) { return block_hashes{}; },
    [](const serve_block& x) {
      byte_vector bytes(big_block_size, static_cast<std::byte>(x.hash.bytes[0]));
      return wire::block{wire::slice::adopt(std::move(bytes))};
    },
    [](const serve_transaction&) -> caf::result<wire::tx> {
      return caf::make_error(request_error::not_found);
    },
    [](const serve_mempool&) { return transaction_ids{}; },
    [](const serve_addresses&) { return addresses{}; },
    [](const inventory_announced&) {},
    [](const headers_announced&) {},
    [](const addresses_announced&) {},
    [](const transaction_received&) {},
    [](const block_received&) {},
  };
}

} // namespace

TEST_CASE("I12: a remote that asks for much and never reads costs bounded memory") {
  constexpr std::size_t asked_blocks = 250; // 64 MB
  constexpr std::size_t allowed_memory = 8 << 20;
  // One block, and one batch of pongs, may come on top of what makes the node pause.
  constexpr std::size_t unsent_bound = unsent_pause + big_block_size + (1 << 20);
  auto options = patiently();
  options.service = [](caf::actor_system& system) { return system.spawn(big_blocks); };
  test_node node{std::move(options)};

  // Whatever the test itself keeps is made before memory is measured. There are more
  // pings than all buffers between the two can hide.
  constexpr std::size_t ping_count = 4'000'000;
  byte_vector pings;
  pings.reserve(ping_count * 32);
  {
    auto one = raw_envelope{.command = "ping", .payload = byte_vector(8)};
    for (std::size_t i = 0; i < ping_count; ++i) {
      std::uint64_t nonce = i + 1;
      std::memcpy(one.payload.data(), &nonce, sizeof nonce);
      append(pings, one.bytes());
    }
  }
  auto remote = raw_peer::connect(node.listens_at());
  remote.shrink_buffers(64 * 1024);
  remote.shake_hands();
  auto peer = node.next_ready();
  remote.round_trip();
  wire::getdata wanted;
  for (std::size_t i = 0; i < asked_blocks; ++i)
    wanted.entries.push_back({wire::inv_block, {{static_cast<std::uint8_t>(i)}}});

  const auto memory_before = resident_bytes();
  remote.stop_reading();
  remote.send(wanted);
  std::uint64_t most_unsent = 0;
  CHECK(eventually([&] {
    auto unsent = node.snapshot_of(peer.client).unsent_bytes;
    most_unsent = std::max(most_unsent, unsent);
    return unsent > unsent_pause;
  }));
  // It neither reads on nor asks its own node for more.
  auto sent = remote.send_some(pings, in(1s));
  CHECK(sent < pings.size());
  auto received = node.context->sockets->totals().received.load();
  auto snapshot = node.snapshot_of(peer.client);
  most_unsent = std::max(most_unsent, snapshot.unsent_bytes);
  CHECK(snapshot.reading_paused);
  CHECK(most_unsent <= unsent_bound);
  auto grown = resident_bytes() - std::min(memory_before, resident_bytes());
  MESSAGE("unsent at most ", most_unsent, ", resident growth ", grown, ", read ",
          received, " of ", sent);
  CHECK(grown <= allowed_memory);
  CHECK(remote.send_some({pings.begin() + static_cast<std::ptrdiff_t>(sent), pings.end()},
                         in(100ms)) == 0);
  CHECK(node.context->sockets->totals().received == received);

  // It reads again: every block is there, in order, and a pong for every ping. The last
  // one may have been cut.
  remote.resume_reading();
  auto whole = (sent + 31) / 32;
  remote.send({pings.begin() + static_cast<std::ptrdiff_t>(sent),
               pings.begin() + static_cast<std::ptrdiff_t>(whole * 32)},
              in(20s));
  std::size_t blocks_read = 0, pongs_read = 0, out_of_order = 0;
  while (blocks_read < asked_blocks || pongs_read < whole) {
    auto message = remote.read_message();
    REQUIRE(message);
    if (message->command == "block") {
      auto mark = static_cast<std::byte>(blocks_read++);
      if (message->payload.size() != big_block_size || message->payload[0] != mark ||
          message->payload.back() != mark)
        ++out_of_order;
    } else if (message->command == "pong") {
      std::uint64_t nonce;
      std::memcpy(&nonce, message->payload.data(), sizeof nonce);
      if (nonce != ++pongs_read)
        ++out_of_order;
    }
  }
  CHECK(out_of_order == 0);
  CHECK(blocks_read == asked_blocks);
  CHECK(pongs_read == whole);
  remote.round_trip();
  CHECK(node.snapshot_of(peer.client).unsent_bytes == 0);
}

TEST_CASE("flow: 100,000 pings in one burst are all answered, in order") {
  constexpr std::uint64_t count = 100'000;
  test_node node{patiently()};
  auto pair = node.inbound();
  byte_vector burst;
  for (std::uint64_t i = 1; i <= count; ++i)
    append(burst, pair.remote.encoded(wire::ping{i}));
  auto start = wall_clock::now();
  pair.remote.send(burst);
  std::uint64_t next = 1;
  while (next <= count) {
    auto message = pair.remote.read_message();
    REQUIRE(message);
    if (message->command != "pong")
      continue;
    REQUIRE(std::get<wire::pong>(message->decoded()).nonce == next);
    ++next;
  }
  auto pings_per_ms = static_cast<double>(count) / since(start);
  MESSAGE(pings_per_ms, " pings per ms");
  CHECK(drop(node, std::move(pair)).all_gone);
}
