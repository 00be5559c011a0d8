// SPDX-License-Identifier: MIT
#include "actors/interfaces/peer.hpp"
#include "messages/wire/addresses.hpp"
#include "tests/simulation/raw_bytes.hpp"
#include "tests/simulation/simulation.hpp"
#include "tests/support/scripted_service.hpp"

/// I10: versions old and odd, and the messages that only some peers understand.
using namespace peerage;
using namespace peerage::test;

TEST_CASE("I10: wtxidrelay from old peers is ignored, before verack and after") {
  for (auto direction : {peer_direction::inbound, peer_direction::outbound})
    for (bool ready : {false, true}) {
      CAPTURE(to_string(direction));
      CAPTURE(ready);
      simulation world;
      auto remote = direction == peer_direction::inbound ? world.open_inbound()
                                                         : world.open_outbound();
      auto old = remote_version();
      old.protocol = wire::limits::feature_version - 1;
      remote.send(old);
      if (!ready)
        remote.send(wire::wtxidrelay{});
      remote.send(wire::verack{});
      if (ready)
        remote.send(wire::wtxidrelay{});
      world.run();
      REQUIRE(world.results->ready.size() == 1);
      CHECK_FALSE(remote.saw_end());
      CHECK_FALSE(world.results->ready[0].info.wtxidrelay);
      const auto seen = world.snapshot(world.take_client()).traffic.ignored;
      CHECK(seen[static_cast<std::size_t>(ignored::old_peer_feature)] == 1);
    }
}

TEST_CASE("sendaddrv2 is heeded from peers of any version, before verack (BIP 155)") {
  service_script script;
  script.on_addresses = [](const serve_addresses&) {
    return addresses{
      {{1'700'000'000, 1, wire::tor_v3_network, std::vector<std::uint8_t>(32, 7), 8333}}};
  };
  for (std::int32_t version : {31'800, 60'000, 70'001, 70'015, 70'016}) {
    CAPTURE(version);
    simulation world;
    world.context->service = world.system.spawn(scripted_service, script);
    auto remote = world.open_inbound();
    auto old = remote_version();
    old.protocol = version;
    remote.send(old);
    remote.send(wire::sendaddrv2{});
    remote.send(wire::verack{});
    world.run();
    REQUIRE(world.results->ready.size() == 1);
    CHECK(world.results->ready[0].info.addrv2);
    remote.take();
    remote.send(wire::getaddr{});
    world.run();
    const auto told = remote.take();
    REQUIRE(told.size() == 1);
    CHECK(std::get<wire::addrv2>(told[0]).entries.at(0).network_id ==
          wire::tor_v3_network);
    const auto seen = world.snapshot(world.results->ready[0].client).traffic.ignored;
    CHECK(seen[static_cast<std::size_t>(ignored::old_peer_feature)] == 0);
    remote.send(wire::sendaddrv2{});
    world.run();
    CHECK(remote.saw_end());
  }
}

TEST_CASE("pings of peers without pongs are not answered, whatever they carry (BIP 31)") {
  for (std::int32_t version : {31'800, 59'999, 60'000, 60'001, 70'016}) {
    CAPTURE(version);
    simulation world;
    auto remote = world.open_inbound();
    auto old = remote_version();
    old.protocol = version;
    world.shake_hands(remote, old, false);
    remote.take();
    for (std::size_t size : {0, 8, 16})
      remote.send_raw(
        raw("ping", std::vector<std::byte>(size, std::byte{1}))(remote.magic()));
    world.run();
    CHECK(remote.take_commands() == (version > 60'000 ? "pong pong" : ""));
    const auto seen = world.snapshot(world.take_client()).traffic.ignored;
    for (auto x : seen)
      CHECK(x == 0);
  }
}

TEST_CASE("sendcmpct of any version but 2 counts as not received (BIP 152)") {
  simulation world;
  auto remote = world.ready_inbound();
  auto client = world.take_client();
  auto wants_compact_blocks = [&](bool announce, std::uint64_t version) {
    remote.send(wire::sendcmpct{announce, version});
    world.run();
    return world.snapshot(client).high_bandwidth_from;
  };
  for (std::uint64_t version : {0, 1, 3})
    CHECK_FALSE(wants_compact_blocks(true, version));
  CHECK(wants_compact_blocks(true, 2));
  CHECK(wants_compact_blocks(false, 1));
  CHECK(wants_compact_blocks(false, ~std::uint64_t{0}));
  CHECK_FALSE(wants_compact_blocks(false, 2));
}

TEST_CASE("sendcmpct is heeded from the remote's version on, as Core does") {
  for (bool behind_features : {false, true}) {
    CAPTURE(behind_features);
    simulation world;
    auto remote = world.open_inbound();
    remote.send(wire::sendcmpct{true, 2}); // before version: ignored
    remote.send(remote_version());
    if (behind_features)
      remote.send(wire::sendaddrv2{});
    remote.send(wire::sendcmpct{true, 2});
    remote.send(wire::sendcmpct{false, 1});
    remote.send(wire::sendheaders{});
    remote.send(wire::verack{});
    world.run();
    auto client = world.take_client();
    const auto seen = world.snapshot(client);
    CHECK(seen.high_bandwidth_from);
    CHECK(seen.traffic.ignored[static_cast<std::size_t>(ignored::before_version)] == 1);
    CHECK(seen.traffic.ignored[static_cast<std::size_t>(ignored::before_verack)] == 0);
    remote.send(wire::sendcmpct{false, 2});
    world.run();
    CHECK_FALSE(world.snapshot(client).high_bandwidth_from);
  }
  simulation world;
  auto remote = world.open_inbound();
  remote.send(wire::sendcmpct{true, 2});
  world.shake_hands(remote);
  CHECK_FALSE(world.snapshot(world.take_client()).high_bandwidth_from);
}

TEST_CASE("pings for peers without pongs have no nonce (BIP 31)") {
  for (std::int32_t version : {31'800, 59'999, 60'000, 60'001, 70'016}) {
    CAPTURE(version);
    simulation world;
    auto remote = world.open_inbound();
    auto old = remote_version();
    old.protocol = version;
    world.shake_hands(remote, old, false);
    auto client = world.take_client();
    auto pings = [&, answers = version > 60'000] {
      int found = 0;
      for (const auto& x : remote.take()) {
        if (wire::command_of(x) != wire::command::ping)
          continue;
        ++found;
        const auto* with_nonce = std::get_if<wire::ping>(&x);
        CHECK((with_nonce != nullptr) == answers);
        if (with_nonce)
          remote.send(wire::pong{with_nonce->nonce});
      }
      return found;
    };
    CHECK(pings() == 1);
    world.advance(world.context->timing.ping_interval);
    CHECK(pings() == 1);
    // A latency is no answer away.
    auto answer = world.ask<latency>(client, measure_latency{});
    world.run();
    if (version > 60'000) {
      CHECK(answer->replies == 0);
      CHECK(pings() == 1);
      world.run();
      CHECK(answer->value);
    } else {
      REQUIRE(answer->failure);
      CHECK(outcome_of(*answer->failure) == request_error::not_found);
      CHECK(to_string(answer->failure->context()).find("BIP 31") != std::string::npos);
      CHECK(pings() == 0);
    }
  }
}

TEST_CASE("what does not belong into an inv is not announced (BIP 144)") {
  auto told = std::make_shared<std::vector<inventory_announced>>();
  service_script script;
  script.on_any = [told](const service_request& x) {
    if (const auto* what = std::get_if<inventory_announced>(&x))
      told->push_back(*what);
  };
  simulation world;
  world.context->service = world.system.spawn(scripted_service, script);
  auto remote = world.ready_inbound();
  remote.send(wire::inv{{{wire::inv_witness_block, {}},
                         {wire::inv_block, {}},
                         {wire::inv_witness_tx, {}},
                         {wire::inv_wtx, {}},
                         {wire::inv_wtx | wire::inv_witness_flag, {}},
                         {wire::inv_tx, {}}}});
  remote.send(wire::inv{{{wire::inv_witness_block, {}}}});
  world.run();
  REQUIRE(told->size() == 1);
  REQUIRE((*told)[0].entries.size() == 3);
  for (const auto& x : (*told)[0].entries)
    CHECK((x.type & wire::inv_witness_flag) == 0);
}

TEST_CASE("an unknown network in addrv2 costs nothing but its entry (BIP 155)") {
  auto told = std::make_shared<std::vector<addresses_announced>>();
  service_script script;
  script.on_any = [told](const service_request& x) {
    if (const auto* what = std::get_if<addresses_announced>(&x))
      told->push_back(*what);
  };
  simulation world;
  world.context->service = world.system.spawn(scripted_service, script);
  auto remote = world.ready_inbound();
  remote.send(wire::addrv2{
    {{1, 0, 1, {10, 1, 1, 1}, 1}, {1, 0, 3, {1, 2}, 1}, {1, 0, 1, {10, 1, 1, 2}, 1}}});
  world.run();
  REQUIRE(told->size() == 1);
  CHECK((*told)[0].entries.front().bytes.back() == 1);
  CHECK((*told)[0].entries.back().bytes.back() == 2);
}

TEST_CASE("I10: versions below the lowest end the peer, old ones do not") {
  struct age {
    std::int32_t protocol;
    bool welcome;
  };
  for (auto age : {age{31'799, false}, age{31'800, true}, age{60'000, true},
                   age{70'016, true}, age{80'000, true}, age{-1, false}}) {
    for (auto direction : {peer_direction::inbound, peer_direction::outbound}) {
      CAPTURE(age.protocol);
      CAPTURE(to_string(direction));
      simulation world;
      auto remote = direction == peer_direction::inbound ? world.open_inbound()
                                                         : world.open_outbound();
      auto theirs = remote_version();
      theirs.protocol = age.protocol;
      remote.send(theirs);
      world.run();
      CHECK(remote.saw_end() == !age.welcome);
      if (!age.welcome) {
        REQUIRE(world.results->failed.size() == 1);
        CHECK(world.results->failed[0].reason == peer_exit::obsolete_version);
      }
    }
  }
}

TEST_CASE("I10: a version with odd bytes, extra bytes or no relay byte is fine") {
  auto odd = remote_version();
  odd.user_agent = std::string(256, '\xff');
  auto magic = wire::parameters(wire::network::regtest).magic;
  std::vector<std::byte> payload;
  wire::encode_payload(odd, payload);
  auto longer = payload, shorter = payload;
  longer.resize(longer.size() + 100);
  shorter.pop_back();
  for (const auto& bytes : {payload, longer, shorter}) {
    simulation world;
    auto remote = world.open_inbound();
    remote.send_raw(raw("version", bytes)(magic));
    remote.send(wire::verack{});
    world.run();
    REQUIRE(world.results->ready.size() == 1);
    CHECK(world.results->ready[0].info.user_agent == odd.user_agent);
    CHECK(sanitised(world.results->ready[0].info.user_agent).empty());
  }
  simulation world;
  auto remote = world.open_inbound();
  odd.user_agent += '\xff';
  remote.send(odd); // 257 bytes: malformed, so no version came yet
  world.run();
  CHECK(remote.take_commands().empty());
  CHECK_FALSE(remote.saw_end());
}
