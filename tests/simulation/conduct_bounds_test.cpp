// SPDX-License-Identifier: MIT
#include "actors/interfaces/peer.hpp"
#include "actors/peer/inbound_requests.hpp"
#include "tests/simulation/raw_bytes.hpp"
#include "tests/simulation/simulation.hpp"
#include "tests/support/scripted_service.hpp"

#include <algorithm>
#include <cstring>

/// I11: sizes and counts are checked before memory is taken. I12: memory per peer is
/// bounded, whatever the remote does.
using namespace peerage;
using namespace peerage::test;

TEST_CASE("I11: a length has one limit, before the handshake for all that is too long") {
  for (bool ready : {false, true}) {
    simulation world;
    auto remote = ready ? world.ready_inbound() : world.open_inbound();
    auto limit = ready ? wire::limits::payload : wire::limits::skipped_before_handshake;
    remote.send_raw(raw("version", {}, limit)(remote.magic()));
    world.run();
    CHECK_FALSE(remote.saw_end()); // at the limit: it may still come
    auto other = ready ? world.ready_inbound() : world.open_inbound();
    other.send_raw(raw("version", {}, limit + 1)(remote.magic()));
    world.run();
    CHECK(other.saw_end());
  }
}

TEST_CASE(
  "I12: a remote that asks for much and reads nothing stalls, and loses nothing") {
  simulation world;
  // Ten blocks of 1 MB each are what it asks for, five times over.
  auto asked = std::make_shared<std::size_t>(0);
  service_script script;
  script.on_block = [asked](const serve_block& x) {
    ++*asked;
    std::vector<std::byte> bytes(1'000'000);
    std::memcpy(bytes.data() + 4, x.hash.bytes.data(), 32);
    return wire::block{wire::slice::adopt(std::move(bytes))};
  };
  world.context->service = world.system.spawn(scripted_service, script);
  auto remote = world.ready_inbound();
  auto client = world.take_client();
  remote.take();
  remote.stop_reading();
  wire::getdata wanted;
  for (std::uint8_t i = 0; i < 10; ++i) {
    wire::hash256 hash;
    hash.bytes[0] = i;
    wanted.entries.push_back({wire::inv_block, hash});
  }
  for (int i = 0; i < 5; ++i)
    remote.send(wanted);
  // It goes on asking: what we do not read stays with it.
  for (int i = 0; i < 2'000; ++i)
    remote.send(wire::getheaders{70016, {}, {}});
  world.run();
  auto seen = world.snapshot(client);
  CHECK(seen.unsent_bytes <= unsent_pause + 1'000'100);
  CHECK(seen.reading_paused);
  // One read may bring more than the bound; then reading stops.
  CHECK(seen.inbound_backlog < inbound_requests::max_items + 256 * 1024 / 61);
  CHECK(*asked <= 3);
  CHECK_FALSE(remote.saw_end());

  remote.resume_reading();
  world.run();
  std::size_t blocks_received = 0, headers_received = 0;
  for (const auto& x : remote.take()) {
    blocks_received += std::holds_alternative<wire::block>(x) ? 1 : 0;
    headers_received += std::holds_alternative<wire::headers>(x) ? 1 : 0;
  }
  CHECK(blocks_received == 50);
  CHECK(headers_received == 2'000);
  CHECK(world.snapshot(client).unsent_bytes == 0);
}

TEST_CASE("I12: no more is read ahead of the work than a few batches") {
  simulation world;
  auto remote = world.ready_inbound();
  const auto& received = world.sockets->totals().received;
  const auto ping_size = wire::encode(remote.magic(), wire::ping{1}).size();
  for (int round = 0; round < 5; ++round) {
    CAPTURE(round);
    const auto before = received.load();
    for (std::uint64_t i = 1; i <= 10; ++i)
      remote.send(wire::ping{i}); // nothing runs in between
    CHECK(received - before == batches_ahead * ping_size);
    world.run();
    CHECK(received - before == 10 * ping_size);
  }
}

TEST_CASE("I12: a remote that reads nothing while we push ends at the bound") {
  simulation world;
  auto remote = world.ready_inbound();
  auto client = world.take_client();
  remote.take();
  remote.stop_reading();
  caf::scoped_actor observer{world.system, true};
  observer->monitor(client);
  for (int i = 0; i < 12; ++i) {
    world.ask<caf::unit_t>(
      client, send_transaction{{wire::slice::adopt(std::vector<std::byte>(1'000'000))}});
    world.run();
  }
  CHECK(remote.saw_end());
  observer->receive(
    [](const caf::down_msg& x) {
      CHECK(exit_of(x.reason) == peer_exit::unsent_overflow);
    },
    caf::after(0s) >> [] { FAIL("the peer is still there"); });
}

TEST_CASE("any split of a session into segments is the same session") {
  for (std::size_t piece : {1u, 7u, 24u, 100u, 1'000'000u}) {
    CAPTURE(piece);
    simulation world;
    auto remote = world.open_inbound();
    std::vector<std::byte> all;
    auto add = [&](const wire::message& x) {
      auto bytes = wire::encode(remote.magic(), x);
      all.insert(all.end(), bytes.begin(), bytes.end());
    };
    add(remote_version());
    add(wire::wtxidrelay{});
    add(wire::verack{});
    for (std::uint64_t i = 0; i < 3'000; ++i)
      add(wire::ping{i});
    add(wire::getheaders{70016, {}, {}});
    for (std::size_t at = 0; at < all.size(); at += piece) {
      auto end = std::min(at + piece, all.size());
      remote.send_raw(
        {all.begin() + static_cast<long>(at), all.begin() + static_cast<long>(end)});
      world.run();
    }
    std::uint64_t next = 0;
    bool headers_came = false;
    for (const auto& x : remote.take()) {
      if (const auto* pong = std::get_if<wire::pong>(&x))
        CHECK(pong->nonce == next++);
      headers_came |= std::holds_alternative<wire::headers>(x);
    }
    CHECK(next == 3'000);
    CHECK(headers_came);
  }
}
