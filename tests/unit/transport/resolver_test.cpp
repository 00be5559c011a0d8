// SPDX-License-Identifier: MIT
#include "actors/transport/resolver.hpp"
#include "tests/support/endpoints.hpp"
#include "tests/support/memory_resolver.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <set>
#include <thread>

using namespace peerage;
using namespace peerage::test;
using namespace std::chrono_literals;

namespace {

/// Where lookups wait until a test lets them go on, at the latest at its end.
struct gate {
  gate() = default;
  gate(const gate&) = delete;
  gate& operator=(const gate&) = delete;
  ~gate() { open(); }
  void open() {
    if (!std::exchange(is_open, true))
      promise.set_value();
  }

  bool is_open = false;
  std::promise<void> promise;
  std::shared_future<void> opened = promise.get_future().share();
};

const endpoint somewhere = ipv4_endpoint(8, 8, 8, 8, 1);

/// "hang…" waits for the gate; every name has one address. Counts lookups that began; the
/// last copy of the counter goes with the resolver and its last thread.
lookup_function fake_lookup(const gate& wait,
                            std::shared_ptr<std::atomic<int>> begun = nullptr) {
  return [opened = wait.opened, begun](const std::string& name, std::uint16_t port,
                                       resolved& out) {
    if (begun)
      ++*begun;
    if (name.starts_with("hang"))
      opened.wait();
    out.endpoints = {somewhere.with_port(port)};
  };
}

struct fixture {
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  caf::strong_actor_ptr sink = caf::actor_cast<caf::strong_actor_ptr>(self);

  /// The next answer. The time is only for a test that fails.
  resolved next() {
    resolved result;
    self->receive([&](const resolved& x) { result = x; },
                  caf::after(20s) >> [] { FAIL("no answer came"); });
    return result;
  }

  bool quiet() { return !self->has_next_message(); }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "addresses in numbers need no lookup") {
  gate wait;
  auto begun = std::make_shared<std::atomic<int>>(0);
  auto names = make_threaded_resolver(fake_lookup(wait, begun));
  for (auto [text, expected] :
       {std::pair{"1.2.3.4", "1.2.3.4:99"}, std::pair{"2001:db8::1", "[2001:db8::1]:99"},
        std::pair{"::ffff:1.2.3.4", "1.2.3.4:99"}}) {
    names->resolve(text, 99, sink);
    auto answer = next();
    CHECK(answer.name == text);
    CHECK(answer.endpoints == std::vector{at(expected)});
    CHECK(answer.error.empty());
  }
  CHECK(*begun == 0);
}

TEST_CASE_FIXTURE(fixture, "what cannot be a name is not looked up") {
  gate wait;
  auto begun = std::make_shared<std::atomic<int>>(0);
  auto names = make_threaded_resolver(fake_lookup(wait, begun));
  for (const auto& name :
       {std::string{}, std::string(254, 'a'), std::string("local\0host", 10)}) {
    names->resolve(name, 99, sink);
    auto answer = next();
    CHECK(answer.name == name);
    CHECK(answer.endpoints.empty());
    CHECK(!answer.error.empty());
  }
  CHECK(*begun == 0);
  names->resolve(std::string(253, 'a'), 99, sink);
  CHECK(next().endpoints.size() == 1);
}

TEST_CASE_FIXTURE(fixture, "the system knows localhost") {
  auto names = make_system_resolver();
  names->resolve("localhost", 8'333, sink);
  auto answer = next();
  CHECK(answer.name == "localhost");
  CHECK(answer.error.empty());
  CHECK(!answer.endpoints.empty());
  for (const auto& found : answer.endpoints) {
    CHECK(found.is_loopback());
    CHECK(found.port == 8'333);
  }
}

TEST_CASE_FIXTURE(fixture, "an answer has up to 32 distinct endpoints, or an error") {
  auto names = make_threaded_resolver(
    [](const std::string& name, std::uint16_t port, resolved& out) {
      if (name == "both")
        out.error = "but there is one";
      if (name != "none")
        for (int i = 0; i < (name == "both" ? 1 : 200); ++i)
          out.endpoints.push_back(
            ipv4_endpoint(8, 8, 8, static_cast<std::uint8_t>(i / 2), port));
    });
  names->resolve("many", 5, sink);
  auto many = next();
  CHECK(many.endpoints.size() == 32);
  CHECK(std::set(many.endpoints.begin(), many.endpoints.end()).size() == 32);
  CHECK(many.error.empty());
  names->resolve("none", 5, sink);
  auto none = next();
  CHECK(none.endpoints.empty());
  CHECK(!none.error.empty());
  names->resolve("both", 5, sink);
  auto both = next();
  CHECK(both.endpoints.size() == 1);
  CHECK(both.error.empty());
}

TEST_CASE_FIXTURE(fixture, "lookups that hang stop no others, up to 16 of them") {
  gate wait;
  auto names = make_threaded_resolver(fake_lookup(wait));
  std::multiset<std::string> hanging;
  for (int i = 0; i < 15; ++i) {
    hanging.insert("hang" + std::to_string(i));
    names->resolve("hang" + std::to_string(i), 1, sink);
  }
  for (int i = 0; i < 50; ++i) { // one place is enough, again and again
    names->resolve("quick", 7, sink);
    auto answer = next();
    CHECK(answer.name == "quick");
    CHECK(answer.endpoints == std::vector{somewhere.with_port(7)});
  }
  names->resolve("hang", 1, sink);
  hanging.insert("hang");
  CHECK(quiet());
  for (int i = 0; i < 5; ++i) {
    names->resolve("surplus", 1, sink);
    auto answer = next();
    CHECK(answer.name == "surplus");
    CHECK(answer.endpoints.empty());
    CHECK(!answer.error.empty());
  }
  names->resolve("1.2.3.4", 1, sink);
  CHECK(next().error.empty());

  wait.open();
  std::multiset<std::string> answered;
  for (int i = 0; i < 16; ++i)
    answered.insert(next().name);
  CHECK(answered == hanging);
  names->resolve("quick", 7, sink);
  CHECK(next().error.empty());
  CHECK(quiet());
}

TEST_CASE("a lookup that hangs outlives resolver and actor system, and says nothing") {
  gate wait;
  auto begun = std::make_shared<std::atomic<int>>(0);
  std::weak_ptr<std::atomic<int>> threads = begun;
  {
    fixture all;
    auto names = make_threaded_resolver(fake_lookup(wait, begun));
    names->resolve("hang 1", 1, all.sink);
    names->resolve("hang 2", 1, all.sink);
    while (*begun < 2)
      std::this_thread::yield();
    SUBCASE("the actor system is gone before the lookup ends") {
      names.reset();
    }
    SUBCASE("the actor system is not") {
      names.reset();
      begun.reset();
      wait.open();
      while (!threads.expired())
        std::this_thread::yield();
      CHECK(all.quiet());
    }
  }
  begun.reset();
  wait.open();
  while (!threads.expired())
    std::this_thread::yield();
}

TEST_CASE_FIXTURE(fixture, "a lookup keeps no actor alive") {
  gate wait;
  auto names = make_threaded_resolver(fake_lookup(wait));
  // The argument spares UBSan a complaint about CAF.
  auto wait_for_it = [](caf::event_based_actor*, int) -> caf::behavior {
    return {[](const resolved&) { FAIL("too late"); }};
  };
  auto asker = system.spawn(wait_for_it, 0);
  self->monitor(asker);
  names->resolve("hang", 1, caf::actor_cast<caf::strong_actor_ptr>(asker));
  asker = nullptr;
  self->receive([](const caf::down_msg& x) { CHECK(x.reason); },
                caf::after(20s) >> [] { FAIL("the actor is still there"); });
  wait.open();
  // Its place is free again.
  for (int i = 0; i < 20; ++i) {
    names->resolve("quick", 1, sink);
    CHECK(next().error.empty());
  }
}

TEST_CASE_FIXTURE(fixture, "the memory resolver follows its script") {
  memory_resolver names;
  names.add("seed", {ipv4_endpoint(1, 1, 1, 1, 5), ipv4_endpoint(2, 2, 2, 2, 6)});
  names.add("empty", {});
  names.add("many", std::vector(40, somewhere));
  names.add_error("broken", "out of order");
  names.add_black_hole("silent");
  names.resolve("seed", 18'444, sink);
  CHECK(next().endpoints == std::vector{ipv4_endpoint(1, 1, 1, 1, 18'444),
                                        ipv4_endpoint(2, 2, 2, 2, 18'444)});
  names.resolve("broken", 1, sink);
  auto broken = next();
  CHECK(broken.name == "broken");
  CHECK(broken.error == "out of order");
  names.resolve("silent", 1, sink);
  names.resolve("empty", 1, sink);
  CHECK(!next().error.empty());
  names.resolve("many", 1, sink);
  CHECK(next().endpoints.size() == 1);
  names.resolve("stranger", 1, sink);
  CHECK(!next().error.empty());
  names.resolve("::1", 9, sink);
  CHECK(next().endpoints == std::vector{at("[::1]:9")});
  CHECK(quiet());
  CHECK(names.lookups() == 7);

  names.add("silent", {somewhere}); // the last word counts
  names.resolve("silent", 1, sink);
  CHECK(next().error.empty());
}
