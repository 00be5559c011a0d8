// SPDX-License-Identifier: MIT
#include "actors/interfaces/bans.hpp"
#include "actors/peer/connection.hpp"
#include "tests/simulation/simulation.hpp"
#include "tests/support/raw_peer.hpp"

#include <map>

/// Reports to BAN_MANAGER about ignored messages.
using namespace peerage;
using namespace peerage::test;

namespace {

struct reports {
  std::vector<report_misbehaviour> entries;

  std::uint64_t sum(misbehaviour cause) const {
    std::uint64_t result = 0;
    for (const auto& x : entries)
      result += x.cause == cause ? x.count : 0;
    return result;
  }
};

misbehaviour_sink::behavior_type collect(misbehaviour_sink::pointer,
                                         std::shared_ptr<reports> to) {
  return {[to](const report_misbehaviour& x) { to->entries.push_back(x); }};
}

struct reporting_world : simulation {
  reporting_world() { context->ban_manager = system.spawn(collect, told); }
  ~reporting_world() { context->ban_manager = nullptr; }

  /// A ping that was damaged on its way, and an inv that is none.
  void send_damaged(scripted_remote& remote) {
    auto bytes = wire::encode(context->network.magic, wire::ping{7});
    bytes.back() ^= std::byte{1};
    remote.send_raw(bytes);
  }
  void send_malformed(scripted_remote& remote) {
    remote.send_raw(
      raw_envelope{.magic = context->network.magic, .command = "inv"}.bytes());
  }

  std::shared_ptr<reports> told = std::make_shared<reports>();
};

} // namespace

TEST_CASE("what cannot be read is reported, each once, and no more often than stated") {
  reporting_world world;
  auto remote = world.ready_inbound();
  auto client = world.take_client();
  world.send_damaged(remote);
  world.run();
  REQUIRE(world.told->entries.size() == 1); // at once
  CHECK(world.told->entries[0].cause == misbehaviour::bad_checksum);
  CHECK(world.told->entries[0].remote == world.snapshot(client).info.remote);

  constexpr int seconds = 5, per_second = 400;
  for (int i = 0; i < seconds * per_second; ++i) {
    world.send_damaged(remote);
    world.send_malformed(remote);
    world.run();
    if (i % 4 == 0)
      world.scheduler().advance_time(4 * 1s / per_second);
  }
  world.advance(2 * report_interval);
  CHECK(world.told->sum(misbehaviour::bad_checksum) == 1 + seconds * per_second);
  CHECK(world.told->sum(misbehaviour::malformed) == seconds * per_second);
  CHECK(world.told->entries.size() <= 1 + 2 * (seconds + 2));
  // Nothing more, and no alarm for it.
  const auto before = world.told->entries.size();
  world.advance(10s);
  CHECK(world.told->entries.size() == before);
}

TEST_CASE("what is merely unexpected is no misbehaviour") {
  reporting_world world;
  auto remote = world.ready_inbound();
  auto client = world.take_client();
  remote.send(wire::verack{});
  remote.send(wire::pong{5});
  remote.send(wire::notfound{});
  world.advance(5s);
  CHECK(world.told->entries.empty());
}
