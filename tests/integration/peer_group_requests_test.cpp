// SPDX-License-Identifier: MIT
#include "actors/interfaces/peer.hpp"
#include "tests/integration/peer_group_fixture.hpp"

#include "actors/chain/regtest_chain.hpp"
#include "tests/support/peer_parts.hpp"

/// I3: every request ends exactly once.
/// I9: by an answer to it, and no other.
using namespace peerage;
using namespace peerage::test;

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

TEST_CASE("I3: a fetch is answered once, whichever part of the peer is killed") {
  const auto wanted = regtest_chain::generate(1, 1)->hash_at(1);
  const std::vector<std::function<caf::actor(const client_actor&)>> parts{
    [](const client_actor& x) { return caf::actor_cast<caf::actor>(x); },
    [](const client_actor& x) { return caf::actor_cast<caf::actor>(connection_of(x)); },
    [](const client_actor& x) { return caf::actor_cast<caf::actor>(heartbeat_of(x)); },
  };
  test_node node{patiently()};
  for (const auto& part : parts) {
    auto pair = node.outbound();
    settle(node, pair);
    auto asked = node.ask<blocks>(pair.peer.client, get_blocks{{wanted}, {}});
    pair.remote.expect("getdata");
    end_actor(part(pair.peer.client), caf::exit_reason::kill);
    auto answer = asked.wait();
    REQUIRE(answer.failure);
    CHECK(outcome_of(*answer.failure) == request_error::peer_gone);
    CHECK(exit_of_request(*answer.failure) == peer_exit::internal_error);
    pair.remote.close();
    CHECK(node.settled_at(node.baseline()) == node.baseline());
    CHECK_FALSE(asked.answered_again());
  }
}

TEST_CASE("I9: late answers complete no other request") {
  const auto chain = regtest_chain::generate(2, 1);
  test_node node{patiently()};
  auto pair = node.outbound();
  settle(node, pair);
  const auto& client = pair.peer.client;
  auto& remote = pair.remote;
  remote.answers_pings = false;

  auto first = node.ask<blocks>(client, get_blocks{{chain->hash_at(1)}, 100ms}).wait();
  REQUIRE(first.failure);
  CHECK(outcome_of(*first.failure) == request_error::timeout);
  auto second = node.ask<blocks>(client, get_blocks{{chain->hash_at(2)}, {}});
  remote.expect("getdata");
  remote.expect("getdata");
  remote.send(chain->at(1));
  remote.send(wire::notfound{{{wire::inv_witness_block, chain->hash_at(1)}}});
  remote.round_trip(); // both were acted upon
  CHECK_FALSE(second.answered_again());
  remote.send(chain->at(2));
  auto got = second.wait();
  REQUIRE(got.value);
  CHECK(got.value->entries[0].body == chain->at(2));

  auto measured = node.ask<latency>(client, measure_latency{});
  const auto ping = remote.expect("ping");
  auto other = ping.payload;
  other[0] ^= std::byte{1};
  remote.send(raw_envelope{.command = "pong", .payload = other}.bytes());
  remote.round_trip();
  CHECK_FALSE(measured.answered_again());
  remote.send(raw_envelope{.command = "pong", .payload = ping.payload}.bytes());
  CHECK(measured.wait().value);
}
