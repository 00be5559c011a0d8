// SPDX-License-Identifier: MIT
#include "actors/events/event_log.hpp"
#include "actors/interfaces/broadcasts.hpp"
#include "actors/interfaces/peer.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "tests/simulation/set_world.hpp"

using namespace peerage;
using namespace peerage::test;

namespace {

using condition = wait_for_peers::condition;

/// A wait that has begun.
auto wait(set_world& world, wait_for_peers what) {
  what.timeout = 60s;
  auto answer = world.ask<peers_waited_for>(world.set, what);
  world.run();
  return answer;
}

} // namespace

TEST_CASE("a wait for peers is answered by the change itself") {
  set_world world;
  auto two = wait(world, {condition::ready_count, 2, {}, {}, {}});
  auto first = world.join();
  CHECK(two->replies == 0);
  auto gone = wait(world, {condition::gone, 0, {first.info.id, {}, {}}, {}, {}});
  auto second = world.join();
  REQUIRE(two->value);
  CHECK(two->value->met);
  CHECK(two->value->counts.ready == 2);
  auto ready = wait(world, {condition::ready, 0, {0, second.info.remote, {}}, {}, {}});
  REQUIRE(ready->value);
  CHECK(ready->value->peer.id == second.info.id);

  CHECK(gone->replies == 0);
  first.remote.close();
  world.run();
  REQUIRE(gone->value);
  CHECK(gone->value->met);
  CHECK(gone->value->reason == peer_exit::remote_closed);
  // Also for a late question, if it was for that reason.
  CHECK(wait(world, {condition::gone, 0, {first.info.id, {}, {}}, {}, {}})->value->met);
  auto otherwise =
    wait(world, {condition::gone, 0, {first.info.id, {}, {}}, peer_exit::evicted, {}});
  CHECK(otherwise->replies == 0);
  world.advance(61s);
  REQUIRE(otherwise->value);
  CHECK_FALSE(otherwise->value->met);
}

TEST_CASE("a wait is answered at the end of the set, and of its time, once") {
  set_world world;
  auto late = wait(world, {condition::ready_count, 1, {}, {}, {}});
  world.advance(59s);
  CHECK(late->replies == 0);
  world.advance(2s);
  CHECK(late->replies == 1);
  CHECK_FALSE(late->value->met);
  auto last = wait(world, {condition::ready_count, 1, {}, {}, {}});
  caf::anon_send_exit(world.set, caf::exit_reason::user_shutdown);
  world.run();
  CHECK(last->replies == 1);
  REQUIRE(last->failure);
  CHECK(outcome_of(*last->failure) == request_error::shutting_down);
}

TEST_CASE("a wait for a peer ends when its dial has failed for good") {
  set_world world;
  const auto remote = ipv4_endpoint(127, 0, 0, 1, 1);
  auto tell = [&](const auto& x) {
    caf::anon_send(world.set, x);
    world.run();
  };
  auto once = [&] {
    tell(dial_given_up{remote, peer_exit::connect_refused, std::nullopt});
  };
  auto by_address = [&](const endpoint& at) {
    return wait(world, {condition::ready, 0, {0, at, {}}, {}, {}});
  };
  SUBCASE("while it waits") {
    tell(dial_begun{remote});
    auto waiting = by_address(remote);
    auto of_others = by_address(remote.with_port(2));
    auto of_host = by_address(remote.with_port(0));
    auto of_any = wait(world, {condition::ready_count, 1, {}, {}, {}});
    CHECK(waiting->replies == 0);
    once();
    REQUIRE(waiting->value);
    CHECK_FALSE(waiting->value->met);
    CHECK(waiting->value->hopeless);
    CHECK(waiting->value->dial_failure == peer_exit::connect_refused);
    CHECK(of_others->replies + of_host->replies + of_any->replies == 0);
  }
  SUBCASE("just before") {
    once();
    world.advance(9s);
    auto waiting = by_address(remote);
    REQUIRE(waiting->value);
    CHECK(waiting->value->hopeless);
  }
  SUBCASE("not when that was long ago, or a new dial has begun") {
    once();
    world.advance(11s);
    CHECK(by_address(remote)->replies == 0);
    once();
    tell(dial_begun{remote});
    CHECK(by_address(remote)->replies == 0);
  }
  SUBCASE("not when it is dialed again in time") {
    auto waiting = by_address(remote);
    tell(dial_given_up{remote, peer_exit::connect_refused, world.now() + 59s});
    CHECK(waiting->replies == 0);
    // The wait that ends by its time tells of the last dial.
    world.advance(61s);
    REQUIRE(waiting->value);
    CHECK_FALSE(waiting->value->hopeless);
    CHECK(waiting->value->dial_failure == peer_exit::connect_refused);
  }
  SUBCASE("when the next dial would be too late") {
    auto waiting = by_address(remote);
    tell(dial_given_up{remote, peer_exit::connect_refused, world.now() + 61s});
    REQUIRE(waiting->value);
    CHECK(waiting->value->hopeless);
  }
}

TEST_CASE("failed dials are remembered up to a bound") {
  failed_dials dials;
  const auto place = [](std::size_t i) {
    return ipv4_endpoint(127, 0, 0, 1, static_cast<std::uint16_t>(i + 1));
  };
  for (std::size_t i = 0; i <= failed_dials::max_remembered; ++i)
    dials.add({place(i), peer_exit::connect_refused, {}, {}});
  CHECK_FALSE(dials.find(place(0)));
  REQUIRE(dials.find(place(1)));
  dials.add({place(1), peer_exit::connect_timeout, {}, {}}); // replaces, displaces none
  CHECK(dials.find(place(2)));
  CHECK(dials.find(place(1))->reason == peer_exit::connect_timeout);
  dials.begun(place(1));
  CHECK_FALSE(dials.find(place(1)));
}

TEST_CASE("waiting is bounded") {
  set_world world;
  constexpr auto most = decltype(peer_set_state::waiting)::max_waiting;
  for (std::size_t i = 0; i < most; ++i)
    wait(world, {condition::ready_count, 1, {}, {}, {}});
  auto refused = wait(world, {condition::ready_count, 1, {}, {}, {}});
  REQUIRE(refused->failure);
  CHECK(outcome_of(*refused->failure) == request_error::overloaded);
}

TEST_CASE("the event log answers waits for an event, and tells the set's story") {
  set_world world;
  auto log = world.system.spawn(event_log, world.context->alarms, world.context->merger,
                                world.context->wall);
  world.context->events = log;
  get_events wanted;
  wanted.wait = 60s;
  wanted.filter.types = bit_of(event_type::peer_left);
  auto left = world.ask<event_batch>(log, wanted);
  auto peer = world.join();
  CHECK(left->replies == 0);
  peer.remote.close();
  world.run();
  REQUIRE(left->value);
  REQUIRE(left->value->entries.size() == 1);
  CHECK(left->value->entries[0].peer == peer.info.id);
  CHECK(left->value->entries[0].reason == "remote_closed");
  CHECK(left->value->entries[0].started_by == initiator::remote);

  auto nothing = world.ask<event_batch>(log, wanted);
  world.run();
  world.advance(61s);
  REQUIRE(nothing->value);
  CHECK(nothing->value->entries.empty());
  auto last = world.ask<event_batch>(log, wanted);
  world.run();
  world.context->events = nullptr;
  caf::anon_send_exit(log, caf::exit_reason::user_shutdown);
  world.run();
  REQUIRE(last->failure);
  CHECK(outcome_of(*last->failure) == request_error::shutting_down);
}

TEST_CASE("a peer's flood of announcements leaves room for what others do") {
  set_world world;
  auto log = world.system.spawn(event_log, world.context->alarms, world.context->merger,
                                world.context->wall);
  world.context->events = log;
  auto loud = world.join();
  wire::inv nine;
  for (std::uint8_t i = 1; i < 10; ++i)
    nine.entries.push_back({wire::inv_block, {{i}}});
  for (int second = 0; second < 5; ++second) {
    for (int i = 0; i < 500; ++i)
      loud.remote.send(nine);
    world.advance(1s);
  }
  auto quiet = world.join();
  world.advance(3s);
  auto all = world.answer_to<event_batch>(log, get_events{1, 1'000, {}, {}});
  REQUIRE(all);
  CHECK(all->first == 1);
  CHECK(all->entries.size() <= 1 + 10 + 6 + 1);
  CHECK(all->entries.front().type == event_type::peer_ready);
  std::uint64_t announced = 0;
  double time = 0;
  for (const auto& x : all->entries) {
    CHECK(x.time >= time);
    time = x.time;
    if (x.type == event_type::block_announced) {
      CHECK(x.peer == loud.info.id);
      announced += std::max<std::uint64_t>(x.count, 1);
    }
  }
  CHECK(announced == 5 * 500 * 9);
  CHECK(std::ranges::count(all->entries, quiet.info.id, &event::peer) == 1);
  world.context->events = nullptr;
  caf::anon_send_exit(log, caf::exit_reason::user_shutdown);
  world.run();
}
