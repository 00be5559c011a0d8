// SPDX-License-Identifier: MIT
#include "tests/integration/peer_group_fixture.hpp"

#include "tests/support/scripted_service.hpp"

#include <algorithm>
#include <cstring>

/// I12: memory per peer is bounded, whatever the remote does; and nothing is lost.
using namespace peerage;
using namespace peerage::test;

namespace {

constexpr std::size_t big_block_size = 256 * 1024;

/// Makes a block on demand for whatever hash is asked; its bytes tell which.
wire::block big_block(const serve_block& asked) {
  byte_vector bytes(big_block_size, static_cast<std::byte>(asked.hash.bytes[0]));
  return {wire::slice::adopt(std::move(bytes))};
}

} // namespace

TEST_CASE("I12: a remote that asks for much and never reads costs bounded memory") {
  constexpr std::size_t asked_blocks = 250; // 64 MB
  constexpr std::size_t allowed_memory = 8 << 20;
  // One block, and one batch of pongs, may come on top of what makes the node pause.
  constexpr std::size_t unsent_bound = unsent_pause + big_block_size + (1 << 20);
  auto options = patiently();
  options.service = [](caf::actor_system& system) {
    return system.spawn(scripted_service, service_script{.on_block = big_block});
  };
  test_node node{std::move(options)};

  // The test's own memory is taken before memory is measured. There are more pings than
  // all buffers between the two can hide.
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
  // The kernel's buffers may grow a little without a reader: until they are full.
  std::size_t more = 1;
  for (int round = 0; more > 0 && round < 20; ++round) {
    more = remote.send_some(
      {pings.begin() + static_cast<std::ptrdiff_t>(sent), pings.end()}, in(300ms));
    sent += more;
  }
  CHECK(more == 0);
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

TEST_CASE("I4: N intervals bring N + 1 pings, whatever else is said") {
  constexpr std::size_t intervals = 5;
  constexpr auto interval = 200ms;
  test_node_options options;
  options.adjust = [&](node_context& context) {
    context.timing.ping_interval = interval;
    context.timing.ping_timeout = 150ms;
  };
  test_node node{std::move(options)};
  auto pair = node.inbound();
  auto& remote = pair.remote;
  while (remote.pings == 0)
    remote.round_trip();
  const auto start = wall_clock::now();
  while (remote.pings < intervals + 1)
    remote.round_trip();
  const auto took = since(start);
  CHECK(took >
        milliseconds(intervals * interval) - 100); // the first was a little earlier
  CHECK(took < milliseconds(intervals * interval + slack));
}
