// SPDX-License-Identifier: MIT
#include "actors/base/alarm_clock.hpp"
#include "actors/interfaces/broadcasts.hpp"
#include "tests/simulation/dialing_world.hpp"

/// The DIALER: how many dials, how fast, and which again. I7.
using namespace peerage;
using namespace peerage::test;

TEST_CASE("I7: 60 demands make exactly 50 dials, and each that ends makes one more") {
  dialing_world world{with_target(60)};
  world.context->timing.connect_timeout = 1h;
  for (std::size_t i = 0; i < 60; ++i) {
    world.sockets->add_black_hole(world.address(i));
    world.script->offers.push_back(world.address(i));
  }
  world.start();
  world.pass(20s);
  CHECK(world.sockets->dials_in_flight() == 50);
  CHECK(world.in_flight() == 50);
  CHECK(world.sockets->dials_started() == 50);
  // One of them is refused.
  caf::anon_send(
    world.dialer,
    peer_failed{
      world.address(3), peer_direction::outbound, peer_exit::connect_refused, 4, {}});
  world.pass(5s);
  CHECK(world.sockets->dials_started() == 51);
  CHECK(world.in_flight() == 50);
}

TEST_CASE("I7: 50 black holes cost one timeout, not 50") {
  dialing_world world{with_target(25)};
  dialer_options options = with_target(50);
  for (std::size_t i = 0; i < 50; ++i) {
    world.sockets->add_black_hole(world.address(i));
    world.script->offers.push_back(world.address(i));
  }
  for (std::size_t i = 50; i < 75; ++i) {
    world.add_live(world.address(i));
    world.script->offers.push_back(world.address(i));
  }
  world.start();
  // 75 starts 100 ms apart; a place is free again when its dial has timed out.
  world.pass(world.context->timing.connect_timeout * 2 + 75 * 100ms + 2s);
  CHECK(world.connected() == 25);
  CHECK(world.sockets->dials_in_flight() == 0);
}

TEST_CASE("I7: the target is reached though 90 % of 1,000 candidates are dead") {
  dialing_world world{with_target(25)};
  for (std::size_t i = 0; i < 1'000; ++i) {
    auto at = world.address(i);
    if (i % 10 == 9)
      world.add_live(at);
    else
      world.sockets->add_black_hole(at);
    world.script->offers.push_back(at);
  }
  world.start();
  caf::timespan waited{};
  while (world.connected() < 25 && waited < 10min) {
    world.pass(1s);
    waited += 1s;
  }
  CHECK(world.connected() == 25);
  auto dead = world.sockets->dials_started() - world.dialed.size();
  const auto rounds = (dead + 49) / 50;
  CHECK(waited <= rounds * world.context->timing.connect_timeout +
                    world.sockets->dials_started() * caf::timespan{dial_spacing} + 3s);
}

TEST_CASE("peers that are lost are replaced") {
  dialing_world world{with_target(10)};
  for (std::size_t i = 0; i < 40; ++i) {
    world.add_live(world.address(i));
    world.script->offers.push_back(world.address(i));
  }
  world.start();
  world.pass(5s);
  REQUIRE(world.connected() == 10);
  for (std::size_t i = 0; i < 4; ++i)
    world.remotes[i].second.close();
  world.run();
  CHECK(world.connected() == 6);
  world.pass(5s);
  CHECK(world.connected() == 10);
  CHECK(world.dialed.size() == 14);
}

TEST_CASE("dials that start are 100 ms apart") {
  dialing_world world{with_target(20)};
  for (std::size_t i = 0; i < 20; ++i) {
    world.sockets->add_black_hole(world.address(i));
    world.script->offers.push_back(world.address(i));
  }
  world.start();
  for (std::size_t i = 1; i < 20; ++i) {
    CHECK(world.sockets->dials_started() <= i);
    world.pass(100ms);
  }
  world.pass(1s);
  CHECK(world.sockets->dials_started() == 20);
}

TEST_CASE("I7: a book that does not answer holds up neither dials nor their results") {
  dialing_world world{with_target(5)};
  world.script->hangs = true;
  world.add_live(world.address(1));
  world.start();
  world.pass(200ms);
  REQUIRE(world.script->questions == 1);
  REQUIRE(world.script->open.size() == 1);
  CHECK(world.answer_to<bool>(world.dialer, dial_once{world.address(1)}) == true);
  world.pass(200ms);
  CHECK(world.connected() == 1);
  CHECK(world.script->questions == 1);
}

TEST_CASE("I7: an empty book is asked now and then, not all the time") {
  dialing_world world{with_target(25)};
  world.start();
  world.pass(1h);
  CHECK(world.script->questions >= 300);
  CHECK(world.script->questions <= 3600 / 10 + 40); // and some for feelers
  SUBCASE("and at once when it says that it has something") {
    auto before = world.script->questions;
    caf::anon_send(world.dialer, addresses_available{});
    world.run();
    CHECK(world.script->questions == before + 1);
  }
}

TEST_CASE(
  "two discovered peers are never of one network, nor one of them connected twice") {
  dialing_world world{with_target(10)};
  for (std::uint8_t i = 1; i <= 5; ++i) {
    auto at = ipv4_endpoint(44, 7, i, 1, 8333);
    world.add_live(at);
    world.script->offers.push_back(at);
    world.script->offers.push_back(at);
  }
  world.start();
  world.pass(5s);
  CHECK(world.connected() == 1);
  CHECK(world.dialed.size() == 1);
  std::size_t released = 0;
  for (const auto& [at, result] : world.script->ended)
    released += result == dial_ended::outcome::released ? 1 : 0;
  CHECK(released >= 4);
}

TEST_CASE(
  "a manual peer is dialed for ever, with growing pauses, and again after it left") {
  dialer_options options = with_target(25);
  options.manual = {dialing_world::address(0)};
  dialing_world world{options, false};
  world.start();
  world.pass(1h); // nothing listens there
  auto tries = world.sockets->dials_started();
  CHECK(tries >= 45); // at most 75 s apart
  CHECK(tries <= 70);
  world.add_live(world.address(0));
  world.pass(80s);
  REQUIRE(world.connected() == 1);
  world.pass(20s); // settled: the next pause is a short one
  world.remotes.back().second.close();
  world.run();
  CHECK(world.connected() == 0);
  world.pass(2s);
  CHECK(world.connected() == 1);
}

TEST_CASE("I7: a dialer that can do nothing sleeps until it can") {
  dialer_options options = with_target(25);
  options.manual = {dialing_world::address(0)};
  dialing_world world{options};
  auto now = world.context->wall.now();
  caf::anon_send(
    world.dialer,
    bans_changed{{{host_of(world.address(0)), now, now + 1'000'000, {}}}, {}});
  world.start();
  world.pass(10min); // a feeler would be due, but places are free
  auto* clock = caf::actor_cast<caf::abstract_actor*>(world.context->alarms);
  const auto& pending =
    dynamic_cast<alarm_clock_actor::stateful_base<alarm_clock_state>&>(*clock)
      .state.pending;
  int imminent = 0;
  for (int i = 0; i < 30; ++i) {
    world.pass(1s);
    imminent += !pending.empty() && pending.begin()->first - world.now() < 20ms ? 1 : 0;
  }
  CHECK(imminent <= 5);
}

TEST_CASE("a discovered peer is not dialed again for 119 s") {
  dialing_world world{with_target(1)};
  auto at = world.address(0);
  for (int i = 0; i < 1'000; ++i)
    world.script->offers.push_back(at);
  world.start();
  world.pass(110s);
  CHECK(world.sockets->dials_started() == 1);
  world.pass(60s);
  CHECK(world.sockets->dials_started() == 2);
}

TEST_CASE("a feeler looks at an address and leaves") {
  dialing_world world{with_target(1)};
  world.add_live(world.address(0));
  world.script->offers.push_back(world.address(0));
  world.start();
  world.pass(2s);
  REQUIRE(world.connected() == 1);
  world.add_live(world.address(1));
  world.script->offers.push_back(world.address(1));
  world.pass(3min);
  REQUIRE(world.dialed.size() == 2);
  CHECK(world.remotes[1].second.saw_end());
  CHECK(world.script->ended[world.address(1)] == dial_ended::outcome::connected);
  CHECK(world.connected() == 1);
  CHECK(world.in_flight() == 0);
}

TEST_CASE("a discovered peer without the services we need is left, a manual one kept") {
  dialer_options options = with_target(5);
  options.limits.needed_services = wire::node_compact_filters;
  options.manual = {dialing_world::address(0)};
  dialing_world world{options};
  for (std::size_t i = 0; i < 3; ++i)
    world.add_live(world.address(i));
  world.script->offers = {world.address(1), world.address(2)};
  world.start();
  world.pass(5s);
  CHECK(world.connected() == 1);
  CHECK_FALSE(world.remotes[0].second.saw_end());
  CHECK(world.remotes[1].second.saw_end());
}

TEST_CASE("a banned address is not dialed") {
  dialing_world world{with_target(5)};
  world.add_live(world.address(0));
  world.script->offers = {world.address(0)};
  auto now = world.context->wall.now();
  caf::anon_send(world.dialer,
                 bans_changed{{{host_of(world.address(0)), now, now + 1'000, {}}}, {}});
  world.start();
  world.pass(5s);
  CHECK(world.dialed.empty());
}
