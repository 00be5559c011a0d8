// SPDX-License-Identifier: MIT
#include "actors/interfaces/peer.hpp"
#include "tests/interop/bcoin_fixture.hpp"

#include "actors/chain/chain_service.hpp"

#include <algorithm>

/// Headers and blocks, in both directions.
namespace peerage::test {

namespace {

BOTH_WAYS("200 headers connect from genesis") {
  lone_peer peer{Side::direction};
  auto expected = hashes_of(peer.node, 0, 200);
  const auto& genesis = peer.context->network.genesis;
  CHECK(to_string(genesis) == expected[0]);

  auto found =
    peer.get<headers>(get_headers{{genesis}, to_hash(expected[200]), {}}).entries;
  REQUIRE(found.size() == 200);
  auto previous = genesis;
  for (std::size_t i = 0; i < found.size(); ++i) {
    CHECK(found[i].previous == previous);
    previous = found[i].hash();
    CHECK(to_string(previous) == expected[i + 1]);
  }

  // Without a stop hash all there are, and from the middle only what follows.
  auto height = height_of(peer.node);
  auto all = peer.get<headers>(get_headers{{genesis}, {}, {}}).entries;
  CHECK(all.size() == height);
  auto rest =
    peer.get<headers>(get_headers{{to_hash(expected[150]), genesis}, {}, {}}).entries;
  REQUIRE(rest.size() == height - 150);
  CHECK(to_string(rest.front().hash()) == expected[151]);
}

BOTH_WAYS("200 block hashes") {
  lone_peer peer{Side::direction};
  auto expected = hashes_of(peer.node, 1, 200);
  // bcoin ends with the stop hash; others end before it.
  auto found = peer
                 .get<block_hashes>(get_block_hashes{
                   {peer.context->network.genesis}, to_hash(expected.back()), {}})
                 .entries;
  REQUIRE(found.size() == 200);
  for (std::size_t i = 0; i < found.size(); ++i)
    CHECK(to_string(found[i]) == expected[i]);
}

BOTH_WAYS("200 blocks have the right hashes, links and contents") {
  lone_peer peer{Side::direction};
  auto expected = hashes_of(peer.node, 0, 200);
  auto wanted = to_hashes(expected);
  wanted.erase(wanted.begin());
  auto found = peer.get<blocks>(get_blocks{wanted, {}}).entries;
  REQUIRE(found.size() == 200);
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto& block = found[i];
    REQUIRE(block.available);
    CHECK(block.hash == wanted[i]);
    CHECK(to_string(block.body.hash()) == expected[i + 1]);
    CHECK(to_string(block.body.header().previous) == expected[i]);
    // Nothing but a coinbase: a count of 1, the transaction, whose id is the merkle root.
    auto bytes = block.body.bytes;
    REQUIRE(bytes.size() > 81);
    CHECK(bytes.data()[80] == std::byte{1});
    wire::tx coinbase{bytes.sub(81, bytes.size() - 81)};
    CHECK(coinbase.txid() == block.body.header().merkle_root);
  }
  for (std::size_t height : {1, 2, 77, 200}) {
    auto raw = peer.node.command({{"cmd", "block"}, {"height", height}})["raw"];
    CHECK(wire::to_hex(found[height - 1].body.bytes.view()) == raw);
  }
}

BOTH_WAYS("a block with witnesses comes with them") {
  lone_peer peer{Side::direction};
  auto raw = peer.node.command({{"cmd", "block"}, {"height", first_height}});
  auto found = peer.get<blocks>(get_blocks{{to_hash(raw["hash"])}, {}}).entries;
  REQUIRE(found.size() == 1);
  CHECK(wire::to_hex(found[0].body.bytes.view()) == raw["raw"]);
  const auto& bytes = found[0].body.bytes;
  wire::tx coinbase{bytes.sub(81, bytes.size() - 81)};
  CHECK(coinbase.wtxid() != coinbase.txid());
  CHECK(coinbase.txid() == found[0].body.header().merkle_root);
}

BOTH_WAYS("a missing block is told from those that are there") {
  lone_peer peer{Side::direction};
  auto known = to_hashes(hashes_of(peer.node, 10, 12));
  auto found =
    peer.get<blocks>(get_blocks{{known[0], unknown_hash(0x11), known[1], known[2]}, {}})
      .entries;
  REQUIRE(found.size() == 4);
  CHECK(found[0].available);
  CHECK_FALSE(found[1].available);
  CHECK(found[1].hash == unknown_hash(0x11));
  CHECK(found[1].body.bytes.empty());
  CHECK(found[2].available);
  CHECK(found[3].available);
  CHECK(found[3].body.hash() == known[2]);

  CHECK(peer.failure_of<blocks>(get_blocks{{unknown_hash(0x22), unknown_hash(0x33)},
                                           {}}) == request_error::not_found);
  peer.check_alive();
}

BOTH_WAYS("at the tip there is nothing more, and that is known at once") {
  // bcoin answers with silence; the ping behind the request ends the wait.
  lone_peer peer{Side::direction};
  auto tip = to_hash(hashes_of(peer.node, height_of(peer.node), height_of(peer.node))[0]);
  auto start = std::chrono::steady_clock::now();
  auto newer = peer.get<headers>(get_headers{{tip}, {}, {}}).entries;
  auto newer_hashes = peer.get<block_hashes>(get_block_hashes{{tip}, {}, {}}).entries;
  CHECK(std::chrono::steady_clock::now() - start < 2s);
  CHECK(newer.empty());
  CHECK(newer_hashes.empty());
}

BOTH_WAYS("a freshly mined block is announced") {
  lone_peer peer{Side::direction};
  auto tip = peer.node.command({{"cmd", "mine"}})["tip"];
  wire::inventory_entry expected{wire::inv_block, to_hash(tip)};
  auto heard = peer.hear<inventory_announced>([&](const inventory_announced& x) {
    return std::ranges::find(x.entries, expected) != x.entries.end();
  });
  CHECK(heard.peer == peer.info.id);
  auto found = peer.get<blocks>(get_blocks{{expected.hash}, {}}).entries;
  REQUIRE(found.size() == 1);
  CHECK(to_string(found[0].body.hash()) == tip);
}

TEST_CASE("bcoin downloads our chain, which is longer than an answer to getblocks") {
  bcoin_node empty;
  auto chain = regtest_chain::generate(600, 1);
  auto tip = to_string(chain->hash_at(600));
  our_node ours;
  auto server = ours.system.spawn(chain_service, chain);
  ours.context->service = server;
  {
    // The chain service tells the test nothing, but all else is as in the other tests.
    std::string error;
    auto test = caf::actor_cast<caf::strong_actor_ptr>(ours.self);
    auto acceptor = ours.sockets->listen(ipv4_endpoint(127, 0, 0, 1, 0),
                                         ours.context->network.magic, error);
    REQUIRE_MESSAGE(acceptor, error);
    acceptor->start(test, 0, 1);
    empty.command(
      {{"cmd", "connect"}, {"host", "127.0.0.1"}, {"port", acceptor->local().port}});
    auto incoming = ours.hear<accepted>();
    ours.context->identity.start_height = 600;
    accept(ours.system, ours.context, std::move(incoming.connection),
           caf::actor_cast<peer_sink>(test));
    auto ready = ours.hear<peer_ready>();
    empty.wait_event("block", [&](const json& x) { return x["hash"] == tip; });
  }
  CHECK(hashes_of(empty, 600, 600)[0] == tip);
}

} // namespace

} // namespace peerage::test
