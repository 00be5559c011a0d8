// SPDX-License-Identifier: MIT
#include "tests/simulation/requests_fixture.hpp"

/// I9: answers are matched by content; a late one completes nothing.
using namespace peerage;
using namespace peerage::test;

TEST_CASE("I9: a late block completes nobody else's request") {
  world_with_peer world;
  auto a = make_block(1), b = make_block(2);
  auto first = world.ask<blocks>(world.client, get_blocks{{a.hash()}, 1s});
  world.advance(1s);
  CHECK(failure_of(first->failure) == request_error::timeout);
  auto second = world.ask<blocks>(world.client, get_blocks{{b.hash()}, {}});
  world.run();
  world.remote.send(a);
  world.remote.send(wire::notfound{{{wire::inv_witness_block, a.hash()}}});
  world.run();
  CHECK(second->replies == 0);
  world.remote.send(b);
  world.run();
  REQUIRE(second->value);
  CHECK(second->value->entries[0].body == b);
}

TEST_CASE("I9: late headers complete nobody else's request, empty ones neither") {
  for (bool empty : {false, true}) {
    CAPTURE(empty);
    world_with_peer world;
    auto genesis = world.context->network.genesis;
    auto early = make_header(genesis, 1), right = make_header(genesis, 2);
    auto first = world.ask<headers>(world.client, get_headers{{genesis}, {}, 1s});
    world.advance(1s);
    CHECK(failure_of(first->failure) == request_error::timeout);
    auto first_sent = world.remote.take();
    auto second = world.ask<headers>(world.client, get_headers{{genesis}, {}, {}});
    world.run();
    // The remote catches up, in order: the first answer, the first fence, then ours.
    world.remote.send(empty ? wire::headers{} : wire::headers{{early}});
    world.run();
    CHECK(second->replies == 0);
    answer_pings(world.remote, first_sent);
    world.remote.send(wire::headers{{right}});
    world.run();
    REQUIRE(second->value);
    REQUIRE(second->value->entries.size() == 1);
    CHECK(second->value->entries[0] == right);
  }
}

TEST_CASE("I9: a late list of block hashes completes nobody else's request") {
  world_with_peer world;
  auto first = world.ask<block_hashes>(world.client, get_block_hashes{{{}}, {}, 1s});
  world.advance(1s);
  auto first_sent = world.remote.take();
  auto second = world.ask<block_hashes>(world.client, get_block_hashes{{{}}, {}, {}});
  world.run();
  wire::inv late{
    {{wire::inv_block, make_block(1).hash()}, {wire::inv_block, make_block(2).hash()}}};
  world.remote.send(late);
  world.run();
  CHECK(second->replies == 0);
  answer_pings(world.remote, first_sent);
  answer_pings(world.remote, world.remote.take());
  world.run();
  REQUIRE(second->value);
  CHECK(second->value->entries.empty());
}

TEST_CASE("I9: a pong with another nonce measures nothing") {
  world_with_peer world;
  auto answer = world.ask<latency>(world.client, measure_latency{});
  world.run();
  auto sent = world.remote.take();
  world.remote.send(wire::pong{std::get<wire::ping>(sent.at(0)).nonce + 1});
  world.run();
  CHECK(answer->replies == 0);
  answer_pings(world.remote, sent);
  world.run();
  CHECK(answer->value);
}
