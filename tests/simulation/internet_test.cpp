// SPDX-License-Identifier: MIT
#include "tests/simulation/internet/internet.hpp"
#include "tests/simulation/internet/night.hpp"
#include "tests/simulation/internet/scenario.hpp"
#include "tests/simulation/internet/simulated_node.hpp"
#include "tests/simulation/internet/world.hpp"
#include "tests/support/sanitized.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

/// The simulated internet itself: what nights are made of.
using namespace peerage;
using namespace peerage::test;
using namespace std::chrono_literals;

namespace {

/// An end that notes when what arrives.
class noting_end : public memory_end {
public:
  explicit noting_end(virtual_time& time) : time_(time) {}

  std::size_t take(wire::bytes_view bytes) override {
    const auto taken = std::min(bytes.size(), room);
    room -= taken;
    for (const auto x : bytes.first(taken))
      heard += static_cast<char>(x);
    if (taken > 0)
      heard_at = time_.seconds();
    return taken;
  }
  void on_closed() override { ended = true; }
  void on_reset() override { broken = true; }
  void flush() override { flushed = true; }

  void say(std::string_view text) { offer(text); }
  std::size_t offer(std::string_view text) {
    return other.lock()->take(
      {reinterpret_cast<const std::byte*>(text.data()), text.size()});
  }

  std::string heard;
  double heard_at = 0;
  std::size_t room = 1'000'000;
  bool ended = false, broken = false, flushed = false;

private:
  virtual_time& time_;
};

/// Two ends and the link between them.
struct linked {
  explicit linked(link_conditions conditions = {10ms, 0ms, 1'000, 4'096})
      : way(in.time(), in.draws(), conditions, conditions) {
    way.join(here, there);
  }

  world in{{}};
  std::shared_ptr<noting_end> here = std::make_shared<noting_end>(in.time());
  std::shared_ptr<noting_end> there = std::make_shared<noting_end>(in.time());
  peerage::test::link way; // not that of unistd.h
};

} // namespace

TEST_CASE("bytes arrive in order, after the latency and the time to send them") {
  linked x;
  x.here->say(std::string(500, 'a')); // half a second at 1,000 bytes a second
  x.here->say("b");
  x.in.run_for(509ms);
  CHECK(x.there->heard.empty());
  x.in.run_for(1s);
  CHECK(x.there->heard == std::string(500, 'a') + "b");
  CHECK(x.there->heard_at == doctest::Approx(0.511));
}

TEST_CASE("jitter does not reorder") {
  linked x{{10ms, 500ms, 1e9, 4'096}};
  std::string said;
  for (char c = 'a'; c <= 'z'; ++c) {
    said += c;
    x.here->say({&c, 1});
    x.in.run_for(1ms);
  }
  x.in.run_for(2s);
  CHECK(x.there->heard == said);
}

TEST_CASE("a sender finds no room beyond the buffer, and is told when there is") {
  linked x{{10ms, 0ms, 1e9, 100}};
  x.there->room = 30;
  CHECK(x.here->offer(std::string(150, 'a')) == 100);
  x.in.run_for(1s);
  CHECK(x.there->heard.size() == 30);
  CHECK(x.here->flushed);
  CHECK(x.here->offer(std::string(150, 'a')) == 30);
  x.there->room = 1'000;
  x.there->other.lock()->flush();
  x.in.run_for(1s);
  CHECK(x.there->heard.size() == 130);
}

TEST_CASE("an end arrives behind the bytes, a reset instead of them") {
  linked closed, reset;
  closed.here->say("last words");
  closed.here->other.lock()->on_closed();
  reset.here->say("last words");
  reset.way.reset();
  for (auto* x : {&closed, &reset})
    x->in.run_for(1s);
  CHECK(closed.there->heard == "last words");
  CHECK(closed.there->ended);
  CHECK(reset.there->heard.empty());
  CHECK(reset.there->broken);
  CHECK(reset.here->broken);
}

TEST_CASE("what a stall holds up arrives after it, and an end, too") {
  linked x;
  x.way.stall();
  x.here->say("late");
  x.here->other.lock()->on_closed();
  x.in.run_for(1h);
  CHECK(x.there->heard.empty());
  CHECK_FALSE(x.there->ended);
  x.way.resume();
  x.in.run_for(5s);
  CHECK(x.there->heard == "late");
  CHECK(x.there->ended);
}

TEST_CASE("who is torn apart does not meet, who is behind a NAT only dials") {
  world in{{.seed = 3}};
  node_setup setup;
  setup.discovers = false;
  auto& far = in.add_node(setup);
  setup.machine.reachable = false;
  setup.manual = {far.place()};
  auto& hidden = in.add_node(setup);
  setup.manual = {hidden.place()};
  setup.machine.reachable = true;
  auto& seeker = in.add_node(setup);
  in.net().partition({{far.host()}});
  for (const auto& node : in.nodes())
    node->start();
  in.run_for(5min);
  CHECK(hidden.counts().total == 0);
  CHECK(seeker.counts().total == 0);
  in.net().heal();
  CHECK(in.run_until([&] { return far.counts().inbound == 1; }, 1h));
  CHECK(hidden.counts().outbound == 1);
  CHECK(seeker.counts().total == 0);
}

TEST_CASE("one seed, one history; another seed, another one") {
#ifdef PEERAGE_SANITIZED
  constexpr std::size_t step = 4; // a night takes ten times as long there
#else
  constexpr std::size_t step = 1;
#endif
  const scale size{0.005, 0.2};
  for (std::size_t i = 0; i < scenarios().size(); i += step) {
    const auto& kind = scenarios()[i];
    CAPTURE(kind.name);
    const auto first = play(kind, {.seed = 5}, size);
    CHECK_FALSE(first.failed);
    CHECK(play(kind, {.seed = 5}, size).digest == first.digest);
    CHECK(play(kind, {.seed = 6}, size).digest != first.digest);
  }
}

TEST_CASE("a night can be cut short before a step") {
  const auto& kind = scenarios().front();
  const auto found = play(kind, {.seed = 5, .until = 1'000}, {0.005, 0.2});
  CHECK(found.steps == 1'000);
  CHECK_FALSE(found.failed);
}

TEST_CASE("a violation ends the night, and says where") {
  world in{{}};
  report found;
  night bad{in, found};
  bad.add_nodes(3);
  std::size_t seconds = 0;
  in.watch("patience", world::pace::second,
           [&]() -> std::string { return ++seconds < 5 ? "" : "it has run out"; });
  bad.start_all(1s);
  in.run_for(1h);
  REQUIRE(in.failed());
  CHECK(in.failed()->invariant == "patience");
  CHECK(in.failed()->why == "it has run out");
  CHECK(in.failed()->step == in.steps());
  CHECK(in.latest().back().ends_with("VIOLATED patience: it has run out"));
}
