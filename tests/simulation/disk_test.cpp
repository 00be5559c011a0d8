// SPDX-License-Identifier: MIT
#include "actors/node/peer_manager.hpp"
#include "actors/storage/saver.hpp"
#include "actors/storage/state_saver.hpp"
#include "tests/simulation/internet/delayed_saver.hpp"
#include "tests/simulation/internet/simulated_disk.hpp"
#include "tests/simulation/simulation.hpp"

/// A whole node on a disk that is given to it.
using namespace peerage;
using namespace peerage::test;

namespace {

/// The same node over all its processes: each has what the one before left on the disk.
struct node_on_disk {
  node_on_disk() {
    disk->set_latency(2s);
    start();
  }
  ~node_on_disk() { kill(); }

  void start() {
    context = std::make_shared<node_context>(wire::parameters(wire::network::regtest), 1);
    context->sockets = world.sockets;
    world.share_wall_clock(*context);
    context->alarms = world.system.spawn(alarm_clock);
    context->service =
      world.system.spawn(chain_service, std::shared_ptr<const regtest_chain>{});
    context->disk = disk;
    peer_manager_options options;
    options.directory = "/node";
    options.saver = world.system.spawn(
      delayed_saver, std::shared_ptr<peerage::disk>(disk),
      std::function<std::chrono::nanoseconds()>{[on = disk] { return on->latency(); }},
      context->alarms);
    manager = start_peer_manager(world.system, context, std::move(options));
    world.run();
    bans_of = world.answer_to<node_handles>(manager, get_node_handles{})->ban_manager;
  }

  void kill() {
    caf::anon_send_exit(manager, caf::exit_reason::kill);
    caf::anon_send_exit(context->service, caf::exit_reason::user_shutdown);
    manager = nullptr;
    bans_of = nullptr;
    context = nullptr;
    world.run();
  }

  auto ban(const char* text) {
    subnet range;
    REQUIRE(parse_subnet(text, range));
    auto asked = world.ask<std::uint8_t>(bans_of, set_ban{range, 0, false, false});
    world.run();
    return asked;
  }

  std::size_t bans_in_force() {
    return world.answer_to<bans>(bans_of, get_bans{})->entries.size();
  }

  simulation world;
  std::shared_ptr<simulated_disk> disk = std::make_shared<simulated_disk>(1);
  node_context_ptr context;
  peer_manager_actor manager;
  ban_manager_actor bans_of;
};

} // namespace

TEST_CASE_FIXTURE(node_on_disk, "a node keeps what it must on the disk it is given, and "
                                "answers when that has taken its time") {
  auto first = ban("50.1.0.0/16");
  world.advance(1900ms);
  CHECK(first->replies == 0);
  world.advance(200ms);
  CHECK(first->value);
  CHECK(disk->files().contains("/node/standing.json.journal"));
  auto second = ban("50.2.0.0/16"); // still waits for the disk
  kill();
  disk->crash(1);
  start();
  CHECK(bans_in_force() == 1);
}

TEST_CASE_FIXTURE(node_on_disk,
                  "a disk that is full or fails is an error with its words") {
  disk->set_full(true);
  auto failed = ban("50.1.0.0/16");
  world.advance(5s);
  REQUIRE(failed->failure);
  CHECK(text_of(*failed->failure).find("No space left on device") != std::string::npos);
  CHECK(bans_in_force() == 1);
  disk->set_full(false);
  auto kept = ban("50.2.0.0/16");
  world.advance(5s);
  CHECK(kept->value);
  kill();
  disk->crash(1);
  start();
  CHECK(bans_in_force() == 2); // the whole save that the second one waited for has both
}

TEST_CASE_FIXTURE(node_on_disk, "what waits for the disk is written together") {
  disk->set_latency(2s);
  std::vector<decltype(ban(""))> asked{ban("50.1.0.0/16")};
  world.advance(5s); // its journal is there
  const auto before = disk->writes();
  asked.push_back(ban("50.2.0.0/16"));
  const auto alone = [&] {
    world.advance(5s);
    return disk->writes() - before;
  }();
  for (const char* range : {"50.3.0.0/16", "50.4.0.0/16", "50.5.0.0/16"})
    asked.push_back(ban(range));
  world.advance(5s);
  for (const auto& x : asked)
    CHECK(x->value);
  CHECK(disk->writes() == before + 2 * alone);
}

TEST_CASE("a SAVER that ends at any step has answered what it was asked for") {
  for (int steps = 0; steps < 6; ++steps) {
    simulation world;
    auto disk = std::make_shared<simulated_disk>(1);
    auto files = world.system.spawn(saver, std::shared_ptr<peerage::disk>{disk});
    auto asked =
      world.ask<std::string>(files, keep_record{"/node/bans", "bans", 1, 1, "x"});
    for (int i = 0; i < steps; ++i)
      world.scheduler().run_once();
    caf::anon_send_exit(files, caf::exit_reason::user_shutdown);
    world.run();
    CAPTURE(steps);
    CHECK(asked->replies == 1);
    CHECK(asked->value.has_value() == disk->files().contains("/node/bans.journal"));
  }
}
