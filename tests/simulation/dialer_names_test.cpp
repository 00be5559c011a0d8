// SPDX-License-Identifier: MIT
#include "actors/interfaces/broadcasts.hpp"
#include "tests/simulation/dialing_world.hpp"
#include "tests/support/memory_resolver.hpp"

/// The DIALER and host names.
using namespace peerage;
using namespace peerage::test;

namespace {

/// A DIALER for manual peers alone, one of which has a host name.
struct named_world : dialing_world {
  explicit named_world(std::shared_ptr<memory_resolver> names)
      : dialing_world(with_names(names), false), resolver(std::move(names)) {}

  static dialer_options with_names(const std::shared_ptr<memory_resolver>& names) {
    auto result = with_target(25);
    result.names = {node};
    result.resolver = names;
    return result;
  }

  name_obstacles explain(const host_name& name) {
    return *answer_to<name_obstacles>(dialer, explain_name{name});
  }

  static inline const host_name node{"node.example", 8333};
  std::shared_ptr<memory_resolver> resolver;
};

} // namespace

TEST_CASE("a host name is looked up anew for each dial") {
  auto names = std::make_shared<memory_resolver>();
  named_world world{names};
  world.add_live(world.address(1));
  world.add_live(world.address(2));
  names->add("node.example", {world.address(1)});
  world.start();
  world.pass(20s);
  CHECK(world.connected() == 1);
  CHECK(world.dialed == std::vector{world.address(1)});
  CHECK(names->lookups() == 1);
  CHECK(world.explain(world.node).remote == world.address(1));

  names->add("node.example", {world.address(2)});
  world.remotes.back().second.close();
  world.pass(500ms);
  CHECK(world.connected() == 0);
  CHECK(world.explain(world.node).dial.entries.front().kind == "backoff");
  world.pass(2s);
  CHECK(world.connected() == 1);
  CHECK(world.dialed.back() == world.address(2));
  CHECK(names->lookups() == 2);
}

TEST_CASE("of several addresses of a name, one that can be dialed is") {
  auto names = std::make_shared<memory_resolver>();
  named_world world{names};
  world.add_live(world.address(1));
  world.add_live(world.address(2));
  caf::anon_send(world.dialer,
                 bans_changed{{{host_of(world.address(1)), 0, INT64_MAX, {}}}, {}});
  names->add("node.example", {world.address(1), world.address(2)});
  world.start();
  world.pass(5s);
  CHECK(world.dialed == std::vector{world.address(2)});
}

TEST_CASE("an address of a name that is dead does not hide the next one") {
  auto names = std::make_shared<memory_resolver>();
  named_world world{names};
  world.add_live(world.address(2));
  names->add("node.example", {world.address(1), world.address(2)});
  world.start();
  world.pass(world.context->timing.connect_timeout + 5s);
  CHECK(world.connected() == 1);
  CHECK(world.dialed == std::vector{world.address(2)});
}

TEST_CASE("a name that cannot be looked up is tried again with growing pauses") {
  auto names = std::make_shared<memory_resolver>();
  named_world world{names};
  names->add_error("node.example", "the server is away");
  world.start();
  world.pass(1min);
  CHECK(names->lookups() >= 5); // after 0, 1, 2, 4, 8, 16 s, and up to a quarter more
  CHECK(names->lookups() <= 6);
  CHECK(world.sockets->dials_started() == 0);
  const auto why = world.explain(world.node);
  CHECK_FALSE(why.remote);
  REQUIRE(why.dial.entries.size() == 1);
  CHECK(why.dial.entries[0].kind == "backoff");
  CHECK(why.dial.entries[0].detail.starts_with(
    "the lookup of node.example failed: the server is away; "));
  CHECK(why.dial.entries[0].until > 0);

  world.add_live(world.address(1));
  names->add("node.example", {world.address(1)});
  world.pass(2min);
  CHECK(world.connected() == 1);
}

TEST_CASE("a lookup that hangs holds up nothing but its name, and is told") {
  auto names = std::make_shared<memory_resolver>();
  named_world world{names};
  names->add_black_hole("node.example");
  world.add_live(world.address(3));
  world.start();
  caf::anon_send(world.dialer, add_manual_peer{world.address(3)});
  world.pass(2min);
  CHECK(world.connected() == 1);
  CHECK(names->lookups() == 1);
  CHECK(world.explain(world.node).dial.entries[0].kind == "name_lookup");
}

TEST_CASE("an added name is listed and removed by its text") {
  auto names = std::make_shared<memory_resolver>();
  named_world world{names};
  names->add("other.example", {world.address(2)});
  world.add_live(world.address(2));
  world.start();
  const host_name other{"other.example", 8333};
  CHECK(
    *world.answer_to<bool>(world.dialer, add_manual_peer{{}, "Other.Example", other}));
  CHECK_FALSE(*world.answer_to<bool>(world.dialer,
                                     add_manual_peer{{}, "other.example:8333", other}));
  world.pass(2s);
  auto listed = *world.answer_to<manual_peers>(world.dialer, get_manual_peers{});
  REQUIRE(listed.entries.size() == 1);
  CHECK(listed.entries[0].text == "Other.Example");
  CHECK(listed.entries[0].remote == world.address(2));
  CHECK(listed.entries[0].connected);
  CHECK(*world.answer_to<bool>(world.dialer, remove_manual_peer{"Other.Example"}));
  world.remotes.back().second.close();
  world.pass(2min);
  CHECK(world.dialed.size() == 1); // not again
}

TEST_CASE("one dial of a name that is no manual peer") {
  auto names = std::make_shared<memory_resolver>();
  named_world world{names};
  names->add_error("node.example", "the server is away");
  names->add("other.example", {world.address(2)});
  world.add_live(world.address(2));
  world.start();
  const host_name other{"other.example", 8333};
  CHECK(world.explain(other).remote == world.address(2));
  CHECK(*world.answer_to<bool>(world.dialer, dial_name_once{other}));
  world.pass(1s);
  CHECK(world.connected() == 1);
  CHECK_FALSE(world.answer_to<bool>(world.dialer, dial_name_once{other})); // it is here
  CHECK_FALSE(world.answer_to<bool>(world.dialer, dial_name_once{{"nobody.example", 1}}));
  world.remotes.back().second.close();
  world.pass(1min);
  CHECK(world.dialed.size() == 1);
}
