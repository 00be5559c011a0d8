// SPDX-License-Identifier: MIT
#include "actors/bans/ban_manager.hpp"
#include "actors/dialing/dialer.hpp"
#include "actors/interfaces/bans.hpp"
#include "actors/interfaces/dialing.hpp"
#include "actors/interfaces/events.hpp"
#include "actors/interfaces/peer.hpp"
#include "messages/ban.hpp"
#include "tests/simulation/actor_world.hpp"
#include "tests/simulation/set_world.hpp"

/// The wall clock is set, by NTP or a person, while the node runs: what is shown, sent,
/// saved or ends at a date goes by it at once; durations and deadlines do not care.
using namespace peerage;
using namespace peerage::test;

namespace {

constexpr unix_seconds started_at = 1'700'000'000;
constexpr unix_seconds two_years = 2 * 365 * one_day;

event_sink::behavior_type note_events(event_sink::pointer,
                                      std::shared_ptr<std::vector<event>> to) {
  return {[to](const event& x) { to->push_back(x); }};
}

wire::version version_sent_to(scripted_remote& remote) {
  for (const auto& x : remote.take())
    if (const auto* found = std::get_if<wire::version>(&x))
      return *found;
  FAIL("no version");
  return {};
}

/// A BAN_MANAGER by itself.
struct judging_world : actor_world<ban_manager_actor> {
  judging_world() { keeper = system.spawn(ban_manager, context, ban_manager_options{}); }
  ~judging_world() {
    caf::anon_send_exit(keeper, caf::exit_reason::user_shutdown);
    keeper = nullptr;
    run();
  }
  void set_ban_for(std::chrono::seconds time) {
    answer<std::uint8_t>(set_ban{host_of(culprit), time.count()});
  }
  std::vector<ban> bans_in_force() { return answer<bans>(get_bans{}).entries; }
  double score() { return answer<double>(get_score{culprit}); }

  endpoint culprit = ipv4_endpoint(20, 1, 1, 1, 8333);
  ban_manager_actor& keeper = subject;
};

} // namespace

TEST_CASE("the clock of a node is the system's, asked anew each time") {
  node_clock clock;
  const auto before = std::chrono::system_clock::now().time_since_epoch();
  const auto now = clock.precise_now();
  const auto after = std::chrono::system_clock::now().time_since_epoch();
  CHECK(now >= std::chrono::duration<double>(before).count() - 1e-3);
  CHECK(now <= std::chrono::duration<double>(after).count() + 1e-3);
}

TEST_CASE("version says what the wall clock says when it is sent") {
  for (const auto step : {two_years, -two_years}) {
    CAPTURE(step);
    simulation world;
    world.step_wall_clock(std::chrono::seconds{step});
    auto outbound = world.open_outbound();
    CHECK(version_sent_to(outbound).time == started_at + step);
    auto inbound = world.open_inbound();
    world.step_wall_clock(1'000s);
    world.advance(3s);
    auto theirs = remote_version();
    theirs.time = started_at + step + 1'003 + 7;
    world.shake_hands(inbound, theirs);
    CHECK(version_sent_to(inbound).time == started_at + step + 1'003);
    REQUIRE(!world.results->ready.empty());
    CHECK(world.results->ready.back().info.time_offset == 7);
    world.results->ready.clear();
  }
}

TEST_CASE("a peer's times are those of the wall clock when it happened") {
  simulation world;
  auto remote = world.ready_inbound();
  auto client = world.take_client();
  const auto joined = world.snapshot(client);
  CHECK(joined.connected_since == doctest::Approx(started_at).epsilon(1e-12));
  world.step_wall_clock(std::chrono::seconds{two_years});
  world.advance(2s);
  CHECK(world.snapshot(client).connected_since == joined.connected_since);
  remote.send(wire::ping{5});
  world.run();
  const auto seen = world.snapshot(client);
  CHECK(seen.connected_since == joined.connected_since);
  CHECK(seen.last_received == doctest::Approx(started_at + two_years + 2).epsilon(1e-12));
  CHECK(seen.last_sent == doctest::Approx(started_at + two_years + 2).epsilon(1e-12));
}

TEST_CASE("how long ago a block came does not depend on the wall clock") {
  simulation world;
  auto remote = world.ready_inbound();
  auto client = world.take_client();
  const wire::block body{wire::slice::adopt(std::vector<std::byte>(81))};
  auto answer = world.ask<blocks>(client, get_blocks{{body.hash()}, 20s});
  world.run();
  remote.send(body);
  world.run();
  REQUIRE(answer->value);
  world.step_wall_clock(-std::chrono::seconds{two_years});
  world.advance(5s);
  const auto seen = world.snapshot(client);
  CHECK(seen.last_block == doctest::Approx(started_at).epsilon(1e-12));
  CHECK(seen.block_age == 5s);
}

TEST_CASE("a step of the wall clock is no ping timeout, and no reason to ping") {
  simulation world;
  auto remote = world.ready_inbound();
  auto client = world.take_client();
  remote.take();
  for (const auto step : {two_years, -2 * two_years, two_years}) {
    world.step_wall_clock(std::chrono::seconds{step});
    world.advance(1s);
  }
  CHECK(remote.take_commands().empty());
  CHECK_FALSE(remote.saw_end());
}

TEST_CASE("bans end at a date, as Bitcoin Core's") {
  judging_world world;
  SUBCASE("made after a step, it lasts as long as was asked") {
    world.step_wall_clock(std::chrono::seconds{two_years});
    world.set_ban_for(24h);
    const auto found = world.bans_in_force();
    REQUIRE(found.size() == 1);
    CHECK(found.front().created == started_at + two_years);
    CHECK(found.front().until == started_at + two_years + one_day);
  }
  SUBCASE("a step forward ends it at once, and within a minute for good") {
    world.set_ban_for(24h);
    world.step_wall_clock(25h);
    CHECK(world.bans_in_force().empty());
    world.step_wall_clock(-25h);
    CHECK(world.bans_in_force().size() == 1);
    world.step_wall_clock(25h);
    world.advance(61s, 1s);
    world.step_wall_clock(-25h);
    CHECK(world.bans_in_force().empty());
  }
  SUBCASE("a step back makes it longer") {
    world.set_ban_for(30s);
    world.step_wall_clock(-1h);
    world.advance(90s, 1s);
    CHECK(world.bans_in_force().size() == 1);
    world.step_wall_clock(1h);
    CHECK(world.bans_in_force().empty());
  }
}

TEST_CASE("points fade by the steady clock") {
  judging_world world;
  world.tell(report_misbehaviour{world.culprit, misbehaviour::broken_rule, 1});
  const auto before = world.score();
  REQUIRE(before > 0);
  world.step_wall_clock(std::chrono::seconds{two_years});
  CHECK(world.score() == doctest::Approx(before).epsilon(0.01));
  world.step_wall_clock(-std::chrono::seconds{2 * two_years});
  CHECK(world.score() == doctest::Approx(before).epsilon(0.01));
  world.advance(reputation::half_life, 1min);
  CHECK(world.score() == doctest::Approx(before / 2).epsilon(0.01));
}

TEST_CASE("events, and the deadlines in them, are dated by the wall clock") {
  auto events = std::make_shared<std::vector<event>>();
  set_world world;
  world.context->events = world.system.spawn(note_events, events);
  world.step_wall_clock(std::chrono::seconds{two_years});
  auto joined = world.join();
  REQUIRE(!events->empty());
  CHECK(events->back().type == event_type::peer_ready);
  CHECK(events->back().time == doctest::Approx(started_at + two_years).epsilon(1e-12));

  world.step_wall_clock(-std::chrono::seconds{2 * two_years});
  dialer_options options;
  options.manual = {ipv4_endpoint(10, 0, 1, 77, 8333)}; // where nothing listens
  auto dialing = world.system.spawn(dialer, world.context, options);
  caf::anon_send(dialing, attach_discovery{world.set, {}, {}});
  world.advance(200ms);
  const auto failed = std::ranges::find(*events, event_type::dial_failed, &event::type);
  REQUIRE(failed != events->end());
  CHECK(failed->time == doctest::Approx(started_at - two_years).epsilon(1e-9));
  CHECK(failed->deadline > failed->time);
  CHECK(failed->deadline < failed->time + 3);
  caf::anon_send_exit(dialing, caf::exit_reason::user_shutdown);
  world.context->events = nullptr;
  world.run();
}
