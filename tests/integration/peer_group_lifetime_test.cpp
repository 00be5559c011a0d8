// SPDX-License-Identifier: MIT
#include "actors/interfaces/peer.hpp"
#include "tests/integration/peer_group_fixture.hpp"

#include <numeric>

/// I1: the lifetime of a peer follows its client handle alone.
using namespace peerage;
using namespace peerage::test;

namespace {

template <class Reply>
void check_cancelled(asked<Reply>& request) {
  auto answer = request.wait();
  REQUIRE(answer.failure);
  CHECK(outcome_of(*answer.failure) == request_error::cancelled);
}

} // namespace

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

TEST_CASE("I1: a node that is gone has taken its threads along") {
  const auto before = running_threads();
  { test_node node{patiently()}; }
  CHECK(running_threads() == before);
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
      // Only a newcomer that has shaken hands is worth an eviction.
      auto one_more = raw_peer::connect(node.listens_at());
      one_more.shake_hands();
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
