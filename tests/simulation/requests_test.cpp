// SPDX-License-Identifier: MIT
#include "tests/simulation/requests_fixture.hpp"
#include "tests/support/scripted_service.hpp"

/// Requests to one peer: what each sends, what completes it, and how many there may be.
using namespace peerage;
using namespace peerage::test;

// -- each request: what goes out, what completes it ------------------------------------

TEST_CASE("get_blocks: available, missing, duplicates asked once, order kept") {
  world_with_peer world;
  auto a = make_block(1), b = make_block(2), c = make_block(3);
  auto answer = world.ask<blocks>(
    world.client, get_blocks{{a.hash(), b.hash(), a.hash(), c.hash()}, {}});
  world.run();
  auto sent = world.remote.take();
  REQUIRE(sent.size() == 1);
  const auto& asked = std::get<wire::getdata>(sent[0]).entries;
  REQUIRE(asked.size() == 3);
  CHECK(asked[0].type == wire::inv_witness_block);
  world.remote.send(c);
  world.remote.send(wire::notfound{{{wire::inv_witness_block, b.hash()}}});
  world.run();
  CHECK(answer->replies == 0);
  world.remote.send(a);
  world.run();
  REQUIRE(answer->value);
  const auto& entries = answer->value->entries;
  REQUIRE(entries.size() == 4);
  CHECK(entries[0].body == a);
  CHECK_FALSE(entries[1].available);
  CHECK(entries[2].body == a);
  CHECK(entries[3].body == c);
  CHECK(answer->replies == 1);
}

TEST_CASE("get_blocks: not_found only when all are missing; none at all is none") {
  world_with_peer world;
  auto a = make_block(1), b = make_block(2);
  auto answer = world.ask<blocks>(world.client, get_blocks{{a.hash(), b.hash()}, {}});
  auto empty = world.ask<blocks>(world.client, get_blocks{});
  world.run();
  CHECK(empty->value);
  world.remote.send(wire::notfound{
    {{wire::inv_witness_block, a.hash()}, {wire::inv_witness_block, b.hash()}}});
  world.run();
  CHECK(failure_of(answer->failure) == request_error::not_found);
}

TEST_CASE(
  "at the deadline what has come is the answer, and of the rest there is no word") {
  world_with_peer world;
  auto a = make_block(1), b = make_block(2), c = make_block(3);
  auto some =
    world.ask<blocks>(world.client, get_blocks{{c.hash(), a.hash(), b.hash()}, 5s});
  auto t = make_tx(1), u = make_tx(2);
  auto txs = world.ask<transactions>(
    world.client, get_transactions{{{u.txid(), false}, {t.wtxid(), true}}, 5s});
  auto d = make_block(4), e = make_block(5);
  auto none = world.ask<blocks>(world.client, get_blocks{{d.hash(), e.hash()}, 5s});
  world.run();
  world.remote.send(a);
  world.remote.send(t);
  world.remote.send(wire::notfound{
    {{wire::inv_witness_block, b.hash()}, {wire::inv_witness_block, d.hash()}}});
  world.advance(4s);
  CHECK(some->replies + txs->replies + none->replies == 0);
  world.advance(1s);
  REQUIRE(some->value);
  REQUIRE(some->value->entries.size() == 2);
  CHECK(some->value->entries[0].body == a);
  CHECK(some->value->entries[1].hash == b.hash());
  CHECK_FALSE(some->value->entries[1].available);
  REQUIRE(txs->value);
  REQUIRE(txs->value->entries.size() == 1);
  CHECK(txs->value->entries[0].body == t);
  CHECK(failure_of(none->failure) == request_error::timeout); // nothing has
}

TEST_CASE("get_transactions: by txid and by wtxid") {
  world_with_peer world;
  auto a = make_tx(1), b = make_tx(2);
  auto answer = world.ask<transactions>(
    world.client, get_transactions{{{a.txid(), false}, {b.wtxid(), true}}, {}});
  world.run();
  auto sent = world.remote.take();
  const auto& asked = std::get<wire::getdata>(sent.at(0)).entries;
  CHECK(asked.at(0).type == wire::inv_witness_tx);
  CHECK(asked.at(1).type == wire::inv_wtx);
  world.remote.send(b);
  world.remote.send(a);
  world.run();
  REQUIRE(answer->value);
  CHECK(answer->value->entries[0].body == a);
  CHECK(answer->value->entries[1].body == b);
}

TEST_CASE("get_headers: completes on what connects, or on none") {
  world_with_peer world;
  auto genesis = world.context->network.genesis;
  auto first = make_header(genesis, 1);
  auto answer = world.ask<headers>(world.client, get_headers{{genesis}, {}, {}});
  world.run();
  auto sent = world.remote.take();
  CHECK(std::get<wire::getheaders>(sent.at(0)).locator.size() == 1);
  // Headers that connect to nothing we asked for are announcements of something else.
  world.remote.send(wire::headers{{make_header(first.hash(), 9)}});
  world.run();
  CHECK(answer->replies == 0);
  world.remote.send(wire::headers{{first, make_header(first.hash(), 2)}});
  world.run();
  REQUIRE(answer->value);
  CHECK(answer->value->entries.size() == 2);
  answer_pings(world.remote, sent);
  world.run();

  auto none = world.ask<headers>(world.client, get_headers{{first.hash()}, {}, {}});
  world.run();
  world.remote.send(wire::headers{});
  world.run();
  REQUIRE(none->value);
  CHECK(none->value->entries.empty());
}

TEST_CASE("get_headers: silence ends with the fence") {
  world_with_peer world;
  auto answer = world.ask<headers>(world.client, get_headers{{{}}, {}, {}});
  world.run();
  answer_pings(world.remote, world.remote.take());
  world.run();
  REQUIRE(answer->value);
  CHECK(answer->value->entries.empty());
}

TEST_CASE("get_block_hashes: many at once, one with the fence, none with the fence") {
  for (std::size_t count : {0u, 1u, 3u}) {
    CAPTURE(count);
    world_with_peer world;
    auto answer = world.ask<block_hashes>(world.client, get_block_hashes{{{}}, {}, {}});
    world.run();
    auto sent = world.remote.take();
    CHECK(std::holds_alternative<wire::getblocks>(sent.at(0)));
    wire::inv found;
    for (std::size_t i = 0; i < count; ++i)
      found.entries.push_back(
        {wire::inv_block, make_block(static_cast<std::uint8_t>(i)).hash()});
    if (count > 0)
      world.remote.send(found);
    world.run();
    CHECK(answer->replies == (count > 1 ? 1 : 0));
    answer_pings(world.remote, sent);
    world.run();
    REQUIRE(answer->value);
    CHECK(answer->value->entries.size() == count);
    CHECK(answer->replies == 1);
  }
}

TEST_CASE("get_addresses: a list answers, a single one only at the deadline") {
  world_with_peer world;
  auto answer = world.ask<addresses>(world.client, get_addresses{5s});
  world.run();
  CHECK(world.remote.take_commands() == "getaddr");
  world.remote.send(wire::addr{{{1, {1, {}, 1}}}});
  world.run();
  CHECK(answer->replies == 0);
  world.remote.send(wire::addr{{{1, {1, {}, 2}}, {1, {1, {}, 3}}}});
  world.run();
  REQUIRE(answer->value);
  CHECK(answer->value->entries.size() == 3);

  auto single = world.ask<addresses>(world.client, get_addresses{5s});
  world.run();
  world.remote.send(wire::addrv2{{{1, 1, 1, {1, 2, 3, 4}, 5}}});
  world.advance(5s);
  REQUIRE(single->value);
  CHECK(single->value->entries.size() == 1);
  auto silent = world.ask<addresses>(world.client, get_addresses{5s});
  world.advance(5s);
  CHECK(failure_of(silent->failure) == request_error::timeout);
}

TEST_CASE(
  "get_mempool: an inv of transactions; not asked of peers that do not offer it") {
  world_with_peer world;
  auto answer = world.ask<transaction_ids>(world.client, get_mempool{});
  world.run();
  CHECK(world.remote.take_commands() == "mempool");
  world.remote.send(wire::inv{{{wire::inv_block, {}}}});
  world.run();
  CHECK(answer->replies == 0);
  world.remote.send(wire::inv{{{wire::inv_tx, {}}, {wire::inv_wtx, {}}}});
  world.run();
  REQUIRE(answer->value);
  CHECK(answer->value->entries.size() == 2);

  auto plain = remote_version();
  plain.services = wire::node_network;
  auto remote = world.open_inbound();
  world.shake_hands(remote, plain);
  auto client = world.take_client();
  remote.take();
  auto refused = world.ask<transaction_ids>(client, get_mempool{});
  world.run();
  CHECK(failure_of(refused->failure) == request_error::not_found);
  CHECK(remote.take_commands().empty());
}

TEST_CASE("what may be gossip is heard by the node though a request takes it, too") {
  world_with_peer world;
  auto told = std::make_shared<std::vector<service_request>>();
  service_script script;
  script.on_any = [told](const service_request& x) { told->push_back(x); };
  world.context->service = world.system.spawn(scripted_service, script);
  auto remote = world.ready_inbound();
  auto client = world.take_client();
  auto pool = world.ask<transaction_ids>(client, get_mempool{});
  auto known = world.ask<addresses>(client, get_addresses{});
  world.run();
  remote.send(wire::inv{{{wire::inv_tx, {}}}});
  remote.send(wire::addr{{{1, {1, {}, 1}}}});
  world.run();
  REQUIRE(told->size() == 2);
  CHECK(std::get<inventory_announced>((*told)[0]).entries.size() == 1);
  CHECK(std::get<addresses_announced>((*told)[1]).entries.size() == 1);
  CHECK(pool->value);
  // A list is the answer, and only that.
  remote.send(wire::addr{{{1, {1, {}, 2}}, {1, {1, {}, 3}}}});
  world.run();
  CHECK(told->size() == 2);
  REQUIRE(known->value);
  CHECK(known->value->entries.size() == 3);
}

TEST_CASE("measure_latency, send_transaction, announcements") {
  world_with_peer world;
  auto rtt = world.ask<latency>(world.client, measure_latency{});
  world.advance(300ms);
  answer_pings(world.remote, world.remote.take());
  world.run();
  REQUIRE(rtt->value);
  CHECK(rtt->value->round_trip == 300ms);
  auto sent = world.ask<caf::unit_t>(world.client, send_transaction{make_tx(1)});
  auto told = world.ask<caf::unit_t>(world.client,
                                     announce_transactions{{{make_tx(1).txid(), false}}});
  auto block = world.ask<caf::unit_t>(world.client, announce_block{make_block(1).hash()});
  world.run();
  CHECK(sent->value);
  CHECK(told->value);
  CHECK(block->value);
  CHECK(world.remote.take_commands() == "tx inv inv");
}

// -- bounds ----------------------------------------------------------------------------

TEST_CASE("keyed requests run side by side, the rest is queued, beyond is overloaded") {
  world_with_peer world;
  std::vector<std::shared_ptr<simulation::asked<blocks>>> answers;
  const auto total = max_keyed_in_flight + max_requests_queued + 10;
  for (std::size_t i = 0; i < total; ++i)
    answers.push_back(world.ask<blocks>(
      world.client, get_blocks{{make_block(static_cast<std::uint8_t>(i)).hash()}, {}}));
  world.run();
  std::size_t overloaded = 0;
  for (auto& answer : answers)
    if (answer->failure && outcome_of(*answer->failure) == request_error::overloaded)
      ++overloaded;
  CHECK(overloaded == 10);
  CHECK(world.remote.take().size() == max_keyed_in_flight);
  auto seen = world.snapshot(world.client);
  CHECK(seen.requests_in_flight == max_keyed_in_flight);
  CHECK(seen.requests_queued == max_requests_queued);
  for (std::size_t i = 0; i < total; ++i)
    world.remote.send(make_block(static_cast<std::uint8_t>(i)));
  world.run();
  // The queued ones are asked for only now; their blocks came too early to count.
  CHECK(world.remote.take().size() == max_requests_queued);
  for (std::size_t i = 0; i < total; ++i)
    world.remote.send(make_block(static_cast<std::uint8_t>(i)));
  world.run();
  for (auto& answer : answers)
    CHECK(answer->replies == 1);
  // All are over: the client admits as many again.
  auto again = world.ask<latency>(world.client, measure_latency{});
  world.run();
  answer_pings(world.remote, world.remote.take());
  world.run();
  CHECK(again->value);
}

TEST_CASE("unkeyed requests go one at a time") {
  world_with_peer world;
  auto first = world.ask<headers>(world.client, get_headers{{{}}, {}, {}});
  auto second = world.ask<headers>(world.client, get_headers{{{}}, {}, {}});
  world.run();
  auto sent = world.remote.take();
  CHECK(sent.size() == 2); // getheaders and its fence
  answer_pings(world.remote, sent);
  world.run();
  CHECK(first->value);
  CHECK_FALSE(second->value);
  answer_pings(world.remote, world.remote.take());
  world.run();
  CHECK(second->value);
}

TEST_CASE("too much in one request is refused before anything is sent") {
  world_with_peer world;
  get_blocks many;
  many.hashes.resize(max_items_per_request + 1);
  get_headers far;
  far.locator.resize(wire::limits::locator + 1);
  auto a = world.ask<blocks>(world.client, many);
  auto b = world.ask<headers>(world.client, far);
  world.run();
  CHECK(failure_of(a->failure) == request_error::overloaded);
  CHECK(failure_of(b->failure) == request_error::overloaded);
  CHECK(world.remote.take().empty());
}

TEST_CASE("I12: bodies held for unfinished requests are bounded") {
  world_with_peer world;
  constexpr std::size_t size = 3'900'000;
  const auto fitting = max_held_bytes / size;
  std::vector<wire::block> bodies;
  get_blocks asked;
  for (std::size_t i = 0; i < fitting + 3; ++i) {
    bodies.push_back(make_block(static_cast<std::uint8_t>(i), size));
    asked.hashes.push_back(bodies.back().hash());
  }
  auto answer = world.ask<blocks>(world.client, asked);
  world.run();
  for (std::size_t i = 0; i <= fitting; ++i) {
    CHECK(answer->replies == 0);
    world.remote.send(bodies[i]);
    world.run();
  }
  CHECK(failure_of(answer->failure) == request_error::overloaded);
  CHECK_FALSE(world.remote.saw_end());
}
