// SPDX-License-Identifier: MIT
#include "tests/simulation/raw_bytes.hpp"
#include "tests/simulation/simulation.hpp"
#include "tests/support/scripted_service.hpp"

#include <algorithm>

/// Conduct: what a remote asks for is answered, and in which order. I10.
using namespace peerage;
using namespace peerage::test;

TEST_CASE("I10: what we offer may be asked for") {
  simulation world;
  world.context->identity.services |= wire::node_bloom | wire::node_compact_filters;
  service_script script;
  script.on_mempool = [](const serve_mempool&) {
    return transaction_ids{{{wire::hash256{{1}}, false}, {wire::hash256{{2}}, true}}};
  };
  world.context->service = world.system.spawn(scripted_service, script);
  auto remote = world.ready_inbound();
  remote.take();
  remote.send(wire::mempool{});
  for (const char* command : {"filterload", "filteradd", "filterclear", "getcfilters",
                              "getcfheaders", "getcfcheckpt"})
    remote.send_raw(raw(command, std::vector<std::byte>(37))(remote.magic()));
  world.run();
  CHECK_FALSE(remote.saw_end());
  const auto answered = remote.take();
  REQUIRE(answered.size() == 1);
  const auto& pool = std::get<wire::inv>(answered[0]).entries;
  REQUIRE(pool.size() == 2);
  CHECK(pool[0].hash == wire::hash256{{1}});
  CHECK(pool[1].type == wire::inv_wtx);
  const auto seen = world.snapshot(world.take_client()).traffic.ignored;
  CHECK(seen[static_cast<std::size_t>(ignored::obsolete)] == 6); // known, not served
}

TEST_CASE("I10: getaddr is answered once, and to inbound peers only") {
  for (auto direction : {peer_direction::inbound, peer_direction::outbound}) {
    CAPTURE(to_string(direction));
    simulation world;
    service_script script;
    script.on_addresses = [](const serve_addresses&) {
      return addresses{{{1'700'000'000, 1, 1, {10, 1, 2, 3}, 8333}}};
    };
    world.context->service = world.system.spawn(scripted_service, script);
    auto remote = direction == peer_direction::inbound ? world.ready_inbound()
                                                       : world.ready_outbound();
    remote.take();
    remote.send(wire::getaddr{});
    remote.send(wire::getaddr{});
    world.run();
    CHECK(remote.take_commands() ==
          (direction == peer_direction::inbound ? "addrv2" : ""));
  }
}

TEST_CASE("getheaders is always answered, and unknown items with notfound") {
  simulation world;
  auto chain = regtest_chain::generate(10, 1);
  world.context->service = world.system.spawn(chain_service, chain);
  auto remote = world.ready_inbound();
  remote.take();
  remote.send(wire::getheaders{70016, {chain->hash_at(4)}, {}});
  remote.send(wire::getheaders{70016, {chain->hash_at(10)}, {}});
  remote.send(wire::getblocks{70016, {chain->hash_at(8)}, {}});
  remote.send(wire::getdata{{{wire::inv_block, chain->hash_at(3)},
                             {wire::inv_block, {}},
                             {77, {}},
                             {wire::inv_tx, {}},
                             {wire::inv_witness_block, chain->hash_at(4)}}});
  world.run();
  auto got = remote.take();
  REQUIRE(got.size() == 6);
  CHECK(std::get<wire::headers>(got[0]).entries.size() == 6);
  CHECK(std::get<wire::headers>(got[1]).entries.empty());
  CHECK(std::get<wire::inv>(got[2]).entries.size() == 2);
  CHECK(std::get<wire::block>(got[3]) == chain->at(3));
  CHECK(std::get<wire::block>(got[4]) == chain->at(4));
  CHECK(std::get<wire::notfound>(got[5]).entries.size() == 2);
}

TEST_CASE("a remote that asks by getblocks comes to the end of a long chain") {
  simulation world;
  auto chain = regtest_chain::generate(1'100, 1);
  world.context->service = world.system.spawn(chain_service, chain);
  auto remote = world.ready_inbound();
  remote.take();
  auto ask = [&](const wire::message& what) {
    remote.send(what);
    world.run();
    return remote.take();
  };
  auto block_at = [&](std::size_t height) {
    return wire::getdata{{{wire::inv_block, chain->hash_at(height)}}};
  };
  std::size_t known = 0;
  for (std::size_t end : {500, 1'000, 1'100}) {
    auto list = ask(wire::getblocks{70016, {chain->hash_at(known)}, {}});
    REQUIRE(list.size() == 1);
    CHECK(std::get<wire::inv>(list[0]).entries.size() == end - known);
    CHECK(ask(block_at(end - 1)).size() == 1);
    auto last = ask(block_at(end));
    REQUIRE(last.size() == (end < 1'100 ? 2 : 1));
    CHECK(std::get<wire::block>(last[0]) == chain->at(end));
    if (end < 1'100) {
      const auto news = std::get<wire::inv>(last[1]).entries;
      REQUIRE(news.size() == 1);
      CHECK(news[0].hash == chain->hash_at(std::min<std::size_t>(end + 500, 1'100)));
      CHECK(ask(block_at(end)).size() == 1); // once
    }
    known = end;
  }
}

TEST_CASE("whatever a remote asks for in one write is answered in the same turn") {
  simulation world;
  auto chain = regtest_chain::generate(10, 1);
  world.context->service = world.system.spawn(chain_service, chain);
  auto remote = world.ready_inbound();
  remote.take();
  // One of each, in every order of three: what needs no answer of the node stands
  // before, between and behind what does.
  const std::vector<wire::inventory_entry> entries{
    {99, {}}, {wire::inv_tx, {}}, {wire::inv_block, chain->hash_at(3)}, {3, {}}};
  std::uint64_t nonce = 0;
  for (const auto& a : entries)
    for (const auto& b : entries)
      for (const auto& c : entries)
        for (const bool with_headers : {false, true}) {
          const wire::getdata wanted{{a, b, c}};
          std::vector<std::byte> all;
          std::string expected;
          auto add = [&](const wire::message& x) {
            auto bytes = wire::encode(remote.magic(), x);
            all.insert(all.end(), bytes.begin(), bytes.end());
          };
          auto expect = [&](const char* command) {
            expected += (expected.empty() ? "" : " ") + std::string(command);
          };
          if (with_headers) {
            add(wire::getheaders{70016, {}, {}});
            expect("headers");
          }
          std::size_t missing = 0;
          for (int twice = 0; twice < 2; ++twice) {
            add(wanted);
            missing = 0;
            for (const auto& x : wanted.entries) {
              if (x.is_block())
                expect("block");
              missing += x.is_transaction() ? 1 : 0;
            }
            if (missing > 0)
              expect("notfound");
          }
          if (with_headers) { // else it may overtake, as nothing is to be fenced
            add(wire::ping{++nonce});
            expect("pong");
          }
          CAPTURE(expected);
          remote.send_raw(all);
          world.run(); // and no time passes
          CHECK(remote.take_commands() == expected);
        }
}

TEST_CASE("a block or transaction speaks for its peer only if the node can use it") {
  for (const bool wanted : {false, true}) {
    simulation world;
    service_script script;
    script.wants_bodies = wanted;
    world.context->service = world.system.spawn(scripted_service, script);
    auto remote = world.ready_inbound();
    const auto client = world.take_client();
    const auto chain = regtest_chain::generate(1, 1);
    remote.send(chain->at(1));
    remote.send(wire::tx{wire::slice::adopt(std::vector<std::byte>(60))});
    world.run();
    const auto seen = world.snapshot(client);
    CHECK((seen.last_block > 0) == wanted);
    CHECK((seen.last_transaction > 0) == wanted);
  }
}

TEST_CASE("a pong does not overtake the answer to what was asked before its ping") {
  simulation world;
  auto remote = world.ready_inbound();
  remote.take();
  std::vector<std::byte> all; // one segment: the node has no time to answer in between
  for (const auto& x : std::vector<wire::message>{
         wire::ping{1}, wire::getheaders{70016, {}, {}}, wire::ping{2}, wire::ping{3}}) {
    auto bytes = wire::encode(remote.magic(), x);
    all.insert(all.end(), bytes.begin(), bytes.end());
  }
  remote.send_raw(all);
  world.run();
  CHECK(remote.take_commands() == "pong headers pong pong");
}
