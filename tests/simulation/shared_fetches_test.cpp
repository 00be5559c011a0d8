// SPDX-License-Identifier: MIT
#include "tests/simulation/requests_fixture.hpp"
#include "tests/simulation/set_world.hpp"

#include <set>

/// Several requests for one item: a request that still wants it when the one that it was
/// asked for ends has it asked again, and an offer of the peer counts.
using namespace peerage;
using namespace peerage::test;

namespace {

/// One thing to fetch, by either of its names.
struct item {
  const char* kind;
  wire::inventory_entry asked;   ///< As getdata has it.
  wire::inventory_entry offered; ///< As inv has it.
  wire::message body;
};

std::vector<item> items() {
  auto block = make_block(1);
  auto tx = make_tx(2), other = make_tx(3);
  return {
    {"block",
     {wire::inv_witness_block, block.hash()},
     {wire::inv_block, block.hash()},
     block},
    {"txid", {wire::inv_witness_tx, tx.txid()}, {wire::inv_tx, tx.txid()}, tx},
    {"wtxid", {wire::inv_wtx, other.wtxid()}, {wire::inv_wtx, other.wtxid()}, other},
  };
}

/// A request for one item, of either type.
struct fetching {
  std::shared_ptr<simulation::asked<blocks>> as_block;
  std::shared_ptr<simulation::asked<transactions>> as_transaction;

  int replies() const { return as_block ? as_block->replies : as_transaction->replies; }
  bool found() const {
    return as_block
             ? as_block->value && as_block->value->entries.at(0).available
             : as_transaction->value && as_transaction->value->entries.at(0).available;
  }
  request_error failure() const {
    return failure_of(as_block ? as_block->failure : as_transaction->failure);
  }
};

template <class Handle>
fetching fetch(simulation& world, const Handle& whom, const item& what,
               caf::timespan timeout) {
  if (what.offered.is_block())
    return {world.ask<blocks>(whom, get_blocks{{what.asked.hash}, timeout}), {}};
  return {{},
          world.ask<transactions>(
            whom, get_transactions{{{what.asked.hash, what.asked.type == wire::inv_wtx}},
                                   timeout})};
}

/// All entries of the getdata messages that came since the last look.
std::vector<wire::inventory_entry> entries_asked(scripted_remote& remote) {
  std::vector<wire::inventory_entry> result;
  for (const auto& message : remote.take())
    if (const auto* wanted = std::get_if<wire::getdata>(&message))
      result.insert(result.end(), wanted->entries.begin(), wanted->entries.end());
  return result;
}

} // namespace

// -- one peer --------------------------------------------------------------------------

TEST_CASE("a request that joined another's getdata has its own when that one ends") {
  for (const auto& what : items()) {
    CAPTURE(what.kind);
    world_with_peer world;
    auto first = fetch(world, world.client, what, 1s);
    world.advance(500ms);
    auto second = fetch(world, world.client, what, 4s);
    world.run();
    CHECK(entries_asked(world.remote) == std::vector{what.asked}); // once for both
    world.advance(500ms);
    CHECK(first.failure() == request_error::timeout);
    CHECK(entries_asked(world.remote) == std::vector{what.asked});
    world.advance(1s);
    CHECK(entries_asked(world.remote).empty());
    world.remote.send(what.body);
    world.run();
    CHECK(second.found());
  }
}

TEST_CASE("callers that overlap without end have an item asked once for each end") {
  const auto what = items().front();
  world_with_peer world;
  std::vector<fetching> callers;
  std::size_t asked = 0, ended = 0;
  for (int i = 0; i < 10; ++i) {
    callers.push_back(fetch(world, world.client, what, 1s));
    world.advance(500ms);
    asked += entries_asked(world.remote).size();
  }
  for (const auto& x : callers)
    ended += static_cast<std::size_t>(x.replies());
  CHECK(ended == 9);
  CHECK(asked == 1 + ended);
  world.remote.send(what.body);
  world.run();
  CHECK(callers.back().found());
}

TEST_CASE("requests that end at one time have what is left asked again once") {
  world_with_peer world;
  get_blocks all;
  for (std::uint8_t i = 0; i < 20; ++i)
    all.hashes.push_back(make_block(i).hash());
  std::vector<std::shared_ptr<simulation::asked<blocks>>> early;
  for (int i = 0; i < 5; ++i)
    early.push_back(world.ask<blocks>(world.client, get_blocks{all.hashes, 1s}));
  auto late = world.ask<blocks>(world.client, get_blocks{all.hashes, 5s});
  world.run();
  CHECK(entries_asked(world.remote).size() == 20);
  world.remote.send(make_block(7));
  world.advance(1s);
  for (const auto& x : early) {
    REQUIRE(x->value);
    REQUIRE(x->value->entries.size() == 1); // what has come
    CHECK(x->value->entries[0].hash == make_block(7).hash());
  }
  const auto sent = world.remote.take();
  REQUIRE(sent.size() == 1);
  CHECK(std::get<wire::getdata>(sent[0]).entries.size() == 19); // one has come
  // No request is left: nothing is asked for any more.
  world.advance(4s);
  CHECK(late->value);
  CHECK(entries_asked(world.remote).empty());
}

TEST_CASE("a request that ends by its size leaves the others what they want") {
  world_with_peer world;
  constexpr std::size_t size = 3'900'000;
  get_blocks large;
  for (std::uint8_t i = 0; i < 20; ++i)
    large.hashes.push_back(make_block(i, size).hash());
  auto first = world.ask<blocks>(world.client, large);
  auto second = world.ask<blocks>(world.client, get_blocks{{large.hashes.back()}, {}});
  world.run();
  CHECK(entries_asked(world.remote).size() == 20);
  for (std::uint8_t i = 0; first->replies == 0 && i < 19; ++i) {
    world.remote.send(make_block(i, size));
    world.run();
  }
  CHECK(failure_of(first->failure) == request_error::overloaded);
  const auto again = entries_asked(world.remote);
  REQUIRE(again.size() == 1);
  CHECK(again[0].hash == large.hashes.back());
  world.remote.send(make_block(19, size));
  world.run();
  CHECK(second->value);
}

TEST_CASE("what the peer offers after it was asked for it is asked for once more") {
  for (const auto& what : items()) {
    CAPTURE(what.kind);
    world_with_peer world;
    auto wanted = fetch(world, world.client, what, 10s);
    world.run();
    CHECK(entries_asked(world.remote) == std::vector{what.asked});
    world.remote.send(wire::inv{{{wire::inv_block, make_block(99).hash()}}});
    world.run();
    CHECK(entries_asked(world.remote).empty());
    world.remote.send(wire::inv{{what.offered}});
    world.run();
    CHECK(entries_asked(world.remote) == std::vector{what.asked});
    // No storm of them, however often it is offered.
    for (int i = 0; i < 10; ++i)
      world.remote.send(wire::inv{{what.offered}});
    world.run();
    CHECK(entries_asked(world.remote).empty());
    world.remote.send(what.body);
    world.run();
    CHECK(wanted.found());
    world.remote.send(wire::inv{{what.offered}}); // not wanted any more
    world.run();
    CHECK(entries_asked(world.remote).empty());
  }
}

TEST_CASE("one hash as a block, a txid and a wtxid is three items") {
  world_with_peer world;
  const auto hash = make_tx(5).txid();
  auto block = world.ask<blocks>(world.client, get_blocks{{hash}, 5s});
  auto by_txid =
    world.ask<transactions>(world.client, get_transactions{{{hash, false}}, 5s});
  auto by_wtxid =
    world.ask<transactions>(world.client, get_transactions{{{hash, true}}, 5s});
  world.run();
  CHECK(entries_asked(world.remote) ==
        std::vector<wire::inventory_entry>{{wire::inv_witness_block, hash},
                                           {wire::inv_witness_tx, hash},
                                           {wire::inv_wtx, hash}});
  world.remote.send(wire::notfound{{{wire::inv_witness_block, hash}}});
  world.run();
  CHECK(failure_of(block->failure) == request_error::not_found);
  CHECK(by_txid->replies + by_wtxid->replies == 0);
  world.remote.send(wire::notfound{{{wire::inv_wtx, hash}}});
  world.run();
  CHECK(failure_of(by_wtxid->failure) == request_error::not_found);
  CHECK(by_txid->replies == 0);
  world.remote.send(make_tx(5));
  world.run();
  CHECK(by_txid->value);
}

// -- the set ---------------------------------------------------------------------------

TEST_CASE("overlapping fetches of the set, of a peer that ignores the first getdata") {
  for (const auto& what : items()) {
    CAPTURE(what.kind);
    set_world world;
    auto only = world.join();
    auto first = fetch(world, world.set, what, 1s);
    world.advance(500ms);
    auto second = fetch(world, world.set, what, 4s);
    world.run();
    CHECK(entries_asked(only.remote) == std::vector{what.asked});
    world.advance(600ms);
    CHECK(first.failure() == request_error::timeout);
    CHECK(entries_asked(only.remote) == std::vector{what.asked});
    only.remote.send(what.body);
    world.run();
    CHECK(second.found());
  }
}

TEST_CASE("what has come of a fetch until its deadline is its result") {
  for (std::size_t peers : {1u, 2u}) {
    CAPTURE(peers);
    set_world world;
    std::vector<set_world::peer> all;
    for (std::size_t i = 0; i < peers; ++i)
      all.push_back(world.join());
    get_blocks wanted{{}, 3s};
    for (std::uint8_t i = 0; i < 4; ++i)
      wanted.hashes.push_back(make_block(i).hash());
    auto answer = world.ask<blocks>(world.set, wanted);
    world.run();
    // Each peer sends the first of what it is asked for, and is silent then.
    std::set<wire::hash256> sent;
    for (auto& x : all) {
      const auto asked = entries_asked(x.remote);
      REQUIRE(asked.size() == 4 / peers);
      for (std::uint8_t i = 0; i < 4; ++i)
        if (make_block(i).hash() == asked[0].hash)
          x.remote.send(make_block(i));
      sent.insert(asked[0].hash);
    }
    world.advance(2900ms);
    CHECK(answer->replies == 0);
    world.advance(100ms);
    REQUIRE(answer->value);
    REQUIRE(answer->value->entries.size() == 4);
    for (const auto& x : answer->value->entries)
      CHECK(x.available == sent.contains(x.hash));
    // The silence is no evidence that a peer lacks the rest: it is asked again.
    all[0].remote.take();
    auto again = world.ask<blocks>(world.set, get_blocks{wanted.hashes, 3s});
    world.run();
    CHECK_FALSE(entries_asked(all[0].remote).empty());
  }
}

TEST_CASE("what is still wanted is asked of another peer by the set") {
  for (const auto& what : items()) {
    CAPTURE(what.kind);
    set_world world;
    auto holder = world.join();
    holder.remote.send(wire::inv{{what.offered}});
    world.run();
    auto brief = fetch(world, world.set, what, 1s);
    auto lasting = fetch(world, world.set, what, 60s); // late by itself after 15 s
    world.run();
    auto other = world.join();
    world.advance(1100ms);
    CHECK(brief.failure() == request_error::timeout);
    CHECK_FALSE(entries_asked(other.remote).empty());
    // The request that gets it is the one it was asked for.
    other.remote.send(what.body);
    world.run();
    CHECK(lasting.found());
  }
}

TEST_CASE("a newcomer is asked for what nobody else delivers") {
  for (const auto& what : items()) {
    CAPTURE(what.kind);
    set_world world;
    auto silent = world.join();
    auto wanted = fetch(world, world.set, what, 10s);
    world.advance(5s); // long late
    auto newcomer = world.join();
    CHECK(wanted.replies() == 0);
    newcomer.remote.send(what.body); // `join` has dropped what it was asked for
    world.run();
    CHECK(wanted.found());
    CHECK(entries_asked(silent.remote).size() == 1);
  }
}

TEST_CASE("a peer that lacked an item and offers it is asked for it by the set, once") {
  for (std::uint64_t seed = 1; seed <= 12; ++seed)
    for (const auto& what : items()) {
      CAPTURE(seed);
      CAPTURE(what.kind);
      set_world world{seed};
      auto one = world.join(), two = world.join();
      auto wanted = fetch(world, world.set, what, 20s);
      world.run();
      // The first one asked lacks it; the other one is silent.
      const bool one_first = !entries_asked(one.remote).empty();
      CHECK(entries_asked(two.remote).empty() == one_first);
      auto& lacking = one_first ? one : two;
      auto& silent = one_first ? two : one;
      lacking.remote.send(wire::notfound{{what.asked}});
      world.run();
      CHECK(entries_asked(silent.remote) == std::vector{what.asked});
      world.advance(6s); // late by now
      CHECK(entries_asked(lacking.remote).empty());
      lacking.remote.send(wire::inv{{what.offered}});
      world.run();
      CHECK(entries_asked(lacking.remote) == std::vector{what.asked});
      // It lies, and goes on offering: that is no way to be asked for ever.
      for (int i = 0; i < 5; ++i) {
        lacking.remote.send(wire::notfound{{what.asked}});
        lacking.remote.send(wire::inv{{what.offered}});
        world.run();
      }
      CHECK(entries_asked(lacking.remote).empty());
      CHECK(wanted.replies() == 0);
      silent.remote.send(what.body);
      world.run();
      CHECK(wanted.found());
    }
}
