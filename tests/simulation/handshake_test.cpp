// SPDX-License-Identifier: MIT
#include "tests/simulation/simulation.hpp"
#include "tests/support/raw_peer.hpp"

#include "actors/node/peer_manager.hpp"

#include <cmath>
#include <cstring>

/// I6: a handshake finishes, or fails at its own deadline, without a waiter. I8: the
/// connector opens TCP, the handshake only shakes hands; no peer is ourselves.
using namespace peerage;
using namespace peerage::test;

TEST_CASE("the accepting side says nothing before the remote's version") {
  simulation world;
  auto remote = world.open_inbound();
  CHECK(remote.take_commands().empty());
  remote.send(remote_version());
  world.run();
  CHECK(remote.take_commands() == "version wtxidrelay sendaddrv2 verack");
  CHECK(world.results->ready.empty());
  remote.send(wire::wtxidrelay{});
  remote.send(wire::sendaddrv2{});
  remote.send(wire::verack{});
  world.run();
  REQUIRE(world.results->ready.size() == 1);
  const auto& info = world.results->ready[0].info;
  CHECK(info.direction == peer_direction::inbound);
  CHECK(info.user_agent == "/remote:1.0/");
  CHECK(info.start_height == 7);
  CHECK(info.wtxidrelay);
  CHECK(info.addrv2);
  CHECK(info.protocol == 70016);
}

TEST_CASE("the dialing side sends version at once, and leaks no own address") {
  simulation world;
  auto remote = world.open_outbound();
  auto first = remote.take();
  REQUIRE(first.size() == 1);
  const auto& ours = std::get<wire::version>(first[0]);
  CHECK(ours.protocol == 70016);
  CHECK(ours.nonce != 0);
  CHECK(ours.sender == wire::socket_address{});
  remote.send(remote_version());
  world.run();
  CHECK(remote.take_commands() == "wtxidrelay sendaddrv2 verack");
  remote.send(wire::verack{});
  world.run();
  CHECK(world.results->ready.size() == 1);
}

TEST_CASE("feature messages go only to versions that know them") {
  simulation world;
  auto remote = world.open_inbound();
  auto old = remote_version();
  old.protocol = 70015;
  remote.send(old);
  world.run();
  CHECK(remote.take_commands() == "version verack");
  remote.send(wire::wtxidrelay{});
  remote.send(wire::verack{});
  world.run();
  auto client = world.take_client();
  auto ignored_by_kind = world.snapshot(client).traffic.ignored;
  CHECK(ignored_by_kind[static_cast<std::size_t>(ignored::old_peer_feature)] == 1);
}

TEST_CASE("what stands behind the verack in one segment is not lost, and not early") {
  simulation world;
  auto remote = world.open_inbound();
  remote.send(remote_version());
  world.run();
  remote.take();
  auto bytes = wire::encode(remote.magic(), wire::verack{});
  auto ping = wire::encode(remote.magic(), wire::ping{42});
  // Larger than the limit before the handshake: only right behind it may this pass.
  auto block = wire::encode(
    remote.magic(), wire::block{wire::slice::adopt(std::vector<std::byte>(100'000))});
  bytes.insert(bytes.end(), ping.begin(), ping.end());
  bytes.insert(bytes.end(), block.begin(), block.end());
  bytes.insert(bytes.end(), ping.begin(), ping.end());
  remote.send_raw(bytes);
  world.run();
  CHECK(world.results->ready.size() == 1);
  CHECK(remote.take_commands() == "pong pong ping");
}

TEST_CASE("long messages between version and verack are counted, and nothing else") {
  for (auto direction : {peer_direction::inbound, peer_direction::outbound})
    for (std::size_t size : {4'097u, 5'000u, 1'000'000u, 3'999'000u}) {
      CAPTURE(to_string(direction));
      CAPTURE(size);
      simulation world;
      auto remote = direction == peer_direction::inbound ? world.open_inbound()
                                                         : world.open_outbound();
      auto long_message = [&](const char* command, std::size_t bytes) {
        auto whole = wire::encode(
          remote.magic(), wire::block{wire::slice::adopt(std::vector<std::byte>(bytes))});
        std::memset(whole.data() + 4, 0, 12);
        std::memcpy(whole.data() + 4, command, std::strlen(command));
        remote.send_raw(whole);
      };
      const bool with_more = size < 10'000;
      if (with_more)
        long_message("inv", size);
      remote.send(remote_version());
      long_message("block", size);
      if (with_more) {
        long_message("unheard", size);
        long_message("version", size);
        long_message("sendaddrv2", size); // bytes behind its fields are ignored
      }
      remote.send(wire::verack{});
      remote.send(wire::ping{1});
      world.run();
      REQUIRE(world.results->ready.size() == 1);
      CHECK(world.results->ready[0].info.addrv2 == with_more);
      const auto seen = world.snapshot(world.take_client()).traffic.ignored;
      auto count_of = [&](ignored x) { return seen[static_cast<std::size_t>(x)]; };
      CHECK(count_of(ignored::before_verack) == 1);
      CHECK(count_of(ignored::before_version) == (with_more ? 1 : 0));
      CHECK(count_of(ignored::unknown_command) == (with_more ? 1 : 0));
      CHECK(count_of(ignored::duplicate_handshake) == (with_more ? 1 : 0));
      CHECK(count_of(ignored::malformed) == 0);
      CHECK(remote.take_commands().ends_with("pong ping"));
    }
}

TEST_CASE("I11: what is too long before the handshake has a bound in all") {
  simulation world;
  auto remote = world.open_inbound();
  remote.send(remote_version());
  const auto large = wire::encode(
    remote.magic(), wire::block{wire::slice::adopt(std::vector<std::byte>(1'500'000))});
  for (int i = 0; i < 2; ++i)
    remote.send_raw(large);
  world.run();
  CHECK_FALSE(remote.saw_end());
  remote.send_raw(large);
  world.run();
  CHECK(remote.saw_end());
  REQUIRE(world.results->failed.size() == 1);
  CHECK(world.results->failed[0].reason == peer_exit::oversized_message);
}

TEST_CASE("I6: a long message that trickles does not extend the deadline") {
  simulation world;
  auto remote = world.open_inbound();
  remote.send(remote_version());
  const auto large = wire::encode(
    remote.magic(), wire::block{wire::slice::adopt(std::vector<std::byte>(100'000))});
  for (std::size_t i = 0; i < 30; ++i) {
    const auto* piece = large.data() + i * 100;
    remote.send_raw({piece, piece + 100});
    world.advance(world.context->timing.handshake_timeout / 20);
  }
  CHECK(remote.saw_end());
  REQUIRE(world.results->failed.size() == 1);
  CHECK(world.results->failed[0].reason == peer_exit::handshake_timeout);
}

TEST_CASE("I6: it finishes though the result finds nobody, and then closes its socket") {
  simulation world;
  world.sink = nullptr; // the last handle: the sink is gone
  world.run();
  auto from = ipv4_endpoint(10, 0, 0, 1, 99);
  auto [ours, theirs] =
    world.sockets->open_pair(world.context->network.magic, from, from);
  accept(world.system, world.context, std::move(ours), world.sink);
  scripted_remote remote{theirs, world.context->network.magic};
  world.run();
  remote.send(remote_version());
  world.run();
  CHECK(remote.take_commands() == "version wtxidrelay sendaddrv2 verack");
  CHECK_FALSE(remote.saw_end());
  remote.send(wire::verack{});
  world.run();
  CHECK(remote.saw_end());
  CHECK(world.sockets->open_connections() == 0);
}

TEST_CASE("I6: a remote that stalls is ended at the deadline, wherever it stalls") {
  auto whole =
    wire::encode(wire::parameters(wire::network::regtest).magic, remote_version());
  struct stall {
    const char* where;
    std::vector<std::byte> sent;
  };
  const stall stalls[] = {
    {"before version", {}},
    {"in the middle of a header", {whole.begin(), whole.begin() + 11}},
    {"in the middle of version", {whole.begin(), whole.begin() + 60}},
    {"before verack", whole},
  };
  for (auto direction : {peer_direction::inbound, peer_direction::outbound}) {
    for (const auto& stall : stalls) {
      const std::string where = stall.where;
      CAPTURE(where);
      simulation world;
      auto remote = direction == peer_direction::inbound ? world.open_inbound()
                                                         : world.open_outbound();
      if (!stall.sent.empty())
        remote.send_raw(stall.sent);
      world.advance(world.context->timing.handshake_timeout - 50ms);
      CHECK_FALSE(remote.saw_end());
      CHECK(world.results->failed.empty());
      world.advance(50ms);
      CHECK(remote.saw_end());
      REQUIRE(world.results->failed.size() == 1);
      CHECK(world.results->failed[0].reason == peer_exit::handshake_timeout);
      CHECK(world.results->failed[0].direction == direction);
      CHECK(world.peer_actors() == 0);
    }
  }
}

TEST_CASE("I6: trickling bytes and pings do not extend the deadline") {
  simulation world;
  auto remote = world.open_inbound();
  remote.send(remote_version());
  for (int i = 0; i < 30; ++i) {
    world.advance(world.context->timing.handshake_timeout / 20);
    remote.send(wire::ping{static_cast<std::uint64_t>(i)});
  }
  CHECK(remote.saw_end());
  CHECK(remote.take_commands() == "version wtxidrelay sendaddrv2 verack");
  REQUIRE(world.results->failed.size() == 1);
  CHECK(world.results->failed[0].reason == peer_exit::handshake_timeout);
}

TEST_CASE("I6: fifty handshakes, one of them stalled: the others do not wait for it") {
  simulation world;
  auto stalled = world.open_inbound();
  for (int i = 0; i < 49; ++i)
    world.ready_inbound();
  CHECK(world.results->ready.size() == 49);
  CHECK_FALSE(stalled.saw_end());
}

TEST_CASE("I6: a handshake ends with the clock that keeps its deadline") {
  simulation world;
  auto remote = world.open_inbound();
  caf::anon_send_exit(world.context->alarms, caf::exit_reason::user_shutdown);
  world.run();
  CHECK(remote.saw_end());
  auto late = world.open_inbound();
  CHECK(late.saw_end());
  REQUIRE(world.results->failed.size() == 2);
  CHECK(world.results->failed[1].reason == peer_exit::shutting_down);
}

TEST_CASE("I8: refused, black hole, open but silent: each fails with its own reason") {
  simulation world;
  const auto& timing = world.context->timing;
  auto nobody = ipv4_endpoint(10, 9, 9, 9, 1);
  dial(world.system, world.context, nobody, world.sink);
  world.run();
  REQUIRE(world.results->failed.size() == 1);
  CHECK(world.results->failed[0].reason == peer_exit::connect_refused);

  auto hole = ipv4_endpoint(10, 9, 9, 9, 2);
  world.sockets->add_black_hole(hole);
  dial(world.system, world.context, hole, world.sink);
  world.advance(timing.connect_timeout - 50ms);
  CHECK(world.results->failed.size() == 1);
  CHECK(world.sockets->dials_in_flight() == 1);
  world.advance(50ms);
  REQUIRE(world.results->failed.size() == 2);
  CHECK(world.results->failed[1].reason == peer_exit::connect_timeout);
  CHECK(world.sockets->dials_in_flight() == 0);

  auto silent = world.open_outbound();
  world.advance(timing.handshake_timeout);
  REQUIRE(world.results->failed.size() == 3);
  CHECK(world.results->failed[2].reason == peer_exit::handshake_timeout);
  CHECK(silent.saw_end());
  CHECK(world.peer_actors() == 0);
}

TEST_CASE("I17: whatever is named, no dial leaves the node's reach") {
  simulation world;
  auto sockets = std::make_shared<memory_sockets>(dial_reach::home);
  world.context->sockets = sockets;
  dial(world.system, world.context, ipv4_endpoint(8, 8, 8, 8, 8333), world.sink);
  world.run();
  REQUIRE(world.results->failed.size() == 1);
  CHECK(world.results->failed[0].reason == peer_exit::out_of_reach);
  CHECK(sockets->dials_started() == 0);
  dial(world.system, world.context, ipv4_endpoint(10, 0, 0, 1, 8333), world.sink);
  world.run();
  CHECK(sockets->dials_started() == 1);
}

TEST_CASE("I8: a node that dials itself never becomes its own peer") {
  simulation world;
  auto at = ipv4_endpoint(10, 0, 0, 9, 18444);
  std::string error;
  peer_manager_options options;
  options.acceptors.push_back(
    world.sockets->listen(at, world.context->network.magic, error));
  options.manual = {at};
  auto manager = start_peer_manager(world.system, world.context, std::move(options));
  world.advance(5min);
  auto node = world.answer_to<node_snapshot>(manager, get_node_snapshot{});
  REQUIRE(node);
  CHECK(node->peers.total == 0);
  // Both sides know it, and once is enough.
  CHECK(node->failures[static_cast<std::size_t>(peer_exit::self_connection)] == 2);
  CHECK(node->failures[static_cast<std::size_t>(peer_exit::remote_closed)] == 0);
  CHECK(world.sockets->dials_started() == 1);
  CHECK(node->dials_in_flight == 0);
  CHECK(node->handshakes_in_flight == 0);
  CHECK(world.sockets->open_connections() == 0);
  caf::anon_send_exit(manager, caf::exit_reason::user_shutdown);
  manager = nullptr;
  world.run();
}

TEST_CASE("I8: our nonce is known on either side, and a replay does not blind us") {
  for (auto direction : {peer_direction::inbound, peer_direction::outbound}) {
    simulation world;
    auto first = world.open_outbound();
    auto nonce = std::get<wire::version>(first.take().at(0)).nonce;
    for (int i = 0; i < 3; ++i) {
      auto remote = direction == peer_direction::inbound ? world.open_inbound()
                                                         : world.open_outbound();
      remote.send(remote_version(nonce));
      world.run();
      CHECK(remote.saw_end());
      REQUIRE(world.results->failed.size() == static_cast<std::size_t>(i) + 1);
      CHECK(world.results->failed.back().reason == peer_exit::self_connection);
    }
    CHECK(world.results->ready.empty());
    CHECK_FALSE(first.saw_end());
  }
}

TEST_CASE("I8: the record of nonces is bounded") {
  handshake_nonces nonces;
  for (std::uint64_t i = 1; i <= 5 * handshake_nonces::capacity; ++i)
    nonces.remember(i);
  CHECK(nonces.size() == handshake_nonces::capacity);
  CHECK(nonces.contains(5 * handshake_nonces::capacity));
  CHECK_FALSE(nonces.contains(1));
}

// -- what is shown and counted ---------------------------------------------------------

namespace {

std::uint64_t total(const command_bytes& bytes) {
  std::uint64_t result = 0;
  for (auto x : bytes)
    result += x;
  return result;
}

std::uint64_t bytes_of(const command_bytes& bytes, wire::command type) {
  return bytes[static_cast<std::size_t>(type)];
}

} // namespace

TEST_CASE("a peer's traffic begins with the first byte of its handshake") {
  using wire::command;
  for (auto direction : {peer_direction::inbound, peer_direction::outbound}) {
    simulation world;
    auto remote =
      direction == peer_direction::inbound ? world.open_inbound() : world.open_outbound();
    remote.send(wire::getaddr{}); // before version, and ignored
    world.shake_hands(remote);
    auto client = world.take_client();
    auto shown = world.snapshot(client);
    for (auto type :
         {command::version, command::verack, command::wtxidrelay, command::sendaddrv2}) {
      CAPTURE(to_string(type));
      CHECK(bytes_of(shown.received_by_command, type) >= wire::envelope_size);
      CHECK(bytes_of(shown.sent_by_command, type) >= wire::envelope_size);
    }
    CHECK(bytes_of(shown.received_by_command, command::getaddr) == wire::envelope_size);
    CHECK(shown.traffic.messages_received == 5);
    CHECK(shown.traffic.messages_sent == 5); // a ping is the fifth
    CHECK(shown.traffic.bytes_received == total(shown.received_by_command));
    CHECK(shown.traffic.bytes_sent == total(shown.sent_by_command));
    const auto& all = world.sockets->totals();
    CHECK(shown.traffic.bytes_received == all.received);
    CHECK(shown.traffic.bytes_sent == all.sent);
    CHECK(world.context->counters
            .messages_received[static_cast<std::size_t>(command::version)] == 1);
    CHECK(
      world.context->counters.messages_sent[static_cast<std::size_t>(command::version)] ==
      1);
  }
}

TEST_CASE("a version may be long: what stands behind its fields is ignored") {
  for (auto direction : {peer_direction::inbound, peer_direction::outbound})
    for (std::size_t extra : {1, 4'000, 4'096, 5'000, 3'999'000}) {
      CAPTURE(to_string(direction));
      CAPTURE(extra);
      simulation world;
      auto remote = direction == peer_direction::inbound ? world.open_inbound()
                                                         : world.open_outbound();
      auto payload = wire::encode(0, remote_version());
      payload.erase(payload.begin(), payload.begin() + wire::envelope_size);
      payload.resize(payload.size() + extra, std::byte{0xfe});
      const raw_envelope whole{
        .magic = remote.magic(), .command = "version", .payload = std::move(payload)};
      remote.send_raw(whole.bytes());
      remote.send(wire::verack{});
      world.run();
      REQUIRE(world.results->ready.size() == 1);
      CHECK(world.results->ready[0].info.user_agent == "/remote:1.0/");
      CHECK(world.results->ready[0].info.start_height == 7);
      const auto shown = world.snapshot(world.results->ready[0].client);
      CHECK(shown.traffic.bytes_received == total(shown.received_by_command));
      for (auto x : shown.traffic.ignored)
        CHECK(x == 0);
    }
  // Fields are read from what was kept: that a byte is damaged behind it is found, too.
  simulation world;
  auto remote = world.open_inbound();
  auto damaged = raw_envelope{.magic = remote.magic(),
                              .command = "version",
                              .payload = byte_vector(9'000)}
                   .bytes();
  damaged.back() ^= std::byte{1};
  remote.send_raw(damaged);
  world.shake_hands(remote);
  REQUIRE(world.results->ready.size() == 1);
  const auto seen = world.snapshot(world.take_client()).traffic.ignored;
  CHECK(seen[static_cast<std::size_t>(ignored::bad_checksum)] == 1);
}

TEST_CASE("when something last came and went is told by the byte, as Core has it") {
  simulation world;
  auto from = ipv4_endpoint(10, 0, 0, 1, 99);
  auto [ours, theirs] =
    world.sockets->open_pair(world.context->network.magic, from, from);
  auto attempt = accept(world.system, world.context, std::move(ours), world.sink);
  scripted_remote remote{theirs, world.context->network.magic};
  auto shown = world.answer_to<peer_snapshot>(attempt, get_peer_snapshot{});
  REQUIRE(shown);
  const auto opened = shown->connected_since;
  auto after_opening = [&](double x) { return std::round(x - opened); };
  const auto version = wire::encode(remote.magic(), remote_version());
  world.advance(1s);
  remote.send_raw({version.begin(), version.begin() + 60});
  world.run();
  shown = world.answer_to<peer_snapshot>(attempt, get_peer_snapshot{});
  REQUIRE(shown);
  CHECK(shown->traffic.bytes_received == 60);
  CHECK(shown->traffic.messages_received == 0);
  CHECK(after_opening(shown->last_received) == 1);
  CHECK(shown->last_sent == 0);
  world.advance(1s);
  shown = world.answer_to<peer_snapshot>(attempt, get_peer_snapshot{});
  REQUIRE(shown);
  CHECK(after_opening(shown->last_received) == 1); // nothing came
  remote.send_raw({version.begin() + 60, version.end()});
  remote.send(wire::verack{});
  world.run();
  attempt = nullptr;
  auto client = world.take_client();
  CHECK(after_opening(world.snapshot(client).last_received) == 2);
  CHECK(after_opening(world.snapshot(client).last_sent) == 2);
  // A block drips in.
  const auto block = wire::encode(
    remote.magic(), wire::block{wire::slice::adopt(std::vector<std::byte>(100'000))});
  for (int n = 0; n < 3; ++n) {
    world.advance(1s);
    remote.send_raw({block.begin() + n * 1'000, block.begin() + (n + 1) * 1'000});
    world.run();
    CHECK(after_opening(world.snapshot(client).last_received) == 3 + n);
    CHECK(after_opening(world.snapshot(client).last_sent) == 2);
  }
  // Bytes that wait to be sent do not count as sent.
  remote.send_raw({block.begin() + 3'000, block.end()});
  remote.stop_reading();
  world.advance(1s);
  remote.send(wire::ping{1});
  world.run();
  CHECK(after_opening(world.snapshot(client).last_sent) == 2);
  world.advance(1s);
  remote.resume_reading();
  CHECK(after_opening(world.snapshot(client).last_sent) == 7);
  CHECK(after_opening(world.snapshot(client).last_received) == 6);
}

TEST_CASE("a handshake under way tells what it knows so far") {
  simulation world;
  auto from = ipv4_endpoint(10, 0, 0, 1, 99);
  auto [ours, theirs] =
    world.sockets->open_pair(world.context->network.magic, from, from);
  auto attempt = accept(world.system, world.context, std::move(ours), world.sink);
  scripted_remote remote{theirs, world.context->network.magic};
  auto shown = world.answer_to<peer_snapshot>(attempt, get_peer_snapshot{});
  REQUIRE(shown);
  CHECK(shown->info.id == 1);
  CHECK(shown->info.remote == from);
  CHECK(shown->info.remote_protocol == 0);
  CHECK(shown->connected_since > 0);
  CHECK(shown->last_received == 0);
  CHECK(shown->last_sent == 0);
  CHECK(shown->traffic.bytes_received == 0);

  world.advance(1s);
  remote.send(remote_version());
  world.run();
  shown = world.answer_to<peer_snapshot>(attempt, get_peer_snapshot{});
  REQUIRE(shown);
  CHECK(shown->info.remote_protocol == 70016);
  CHECK(shown->info.user_agent == "/remote:1.0/");
  CHECK(std::abs(shown->last_received - shown->connected_since - 1) < 0.01);
  CHECK(shown->last_sent == shown->last_received);
  CHECK(shown->traffic.bytes_received == total(shown->received_by_command));
  CHECK(shown->traffic.bytes_sent == total(shown->sent_by_command));
  const auto since = shown->connected_since;
  remote.send(wire::verack{});
  world.run();
  attempt = nullptr;
  auto client = world.take_client();
  CHECK(world.snapshot(client).connected_since == since);
  CHECK(world.snapshot(client).info.id == 1);
}
