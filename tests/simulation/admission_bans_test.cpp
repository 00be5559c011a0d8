// SPDX-License-Identifier: MIT
#include "actors/peer/connection.hpp"
#include "tests/simulation/accepting_node.hpp"
#include "tests/simulation/requests_fixture.hpp"

/// Admission: bans end peers and keep them away.
using namespace peerage;
using namespace peerage::test;

namespace {

/// A ping that was damaged on its way.
std::vector<std::byte> damaged_message(std::uint32_t magic) {
  auto result = wire::encode(magic, wire::ping{7});
  result.back() ^= std::byte{1};
  return result;
}

/// Damaged messages, again and again: each burst is one misbehaviour of 2 points. Both
/// remotes answer pings meanwhile.
void misbehave(simulation& world, scripted_remote& remote, scripted_remote& other,
               int seconds) {
  for (int second = 0; second < seconds && !remote.saw_end(); ++second) {
    for (int i = 0; i < 20; ++i)
      remote.send_raw(damaged_message(remote.magic()));
    world.advance(report_interval);
    for (auto* x : {&remote, &other})
      answer_pings(*x, x->take());
    world.run();
  }
}

} // namespace

TEST_CASE("a ban ends the peer, and keeps it away until the ban ends") {
  simulation world;
  accepting_node node{world};
  auto remote = node.join(at("50.1.1.1:1"));
  auto other = node.join(at("50.1.2.1:1"));
  node.change_bans(set_ban{range("50.1.1.0/24"), 3'600});
  CHECK(remote.saw_end());
  CHECK_FALSE(other.saw_end());
  REQUIRE(node.view->left.size() == 1);
  CHECK(node.view->left[0].second == peer_exit::banned);
  CHECK(node.refuses(at("50.1.1.1:2"), peer_exit::banned));
  CHECK(node.refuses(at("50.1.1.7:2"), peer_exit::banned));
  world.scheduler().advance_time(3'599s);
  CHECK(node.refuses(at("50.1.1.1:3"), peer_exit::banned));
  world.scheduler().advance_time(1s);
  CHECK_FALSE(node.join(at("50.1.1.1:4")).saw_end());
  CHECK(node.bans().empty());
}

TEST_CASE("a ban that is lifted lets in again") {
  simulation world;
  accepting_node node{world};
  node.change_bans(set_ban{range("50.1.1.0/24")});
  node.change_bans(set_ban{range("50.1.2.0/24")});
  CHECK(node.refuses(at("50.1.1.1:1"), peer_exit::banned));
  node.change_bans(lift_ban{range("50.1.1.0/24")});
  CHECK_FALSE(node.join(at("50.1.1.1:1")).saw_end());
  CHECK(node.refuses(at("50.1.2.1:1"), peer_exit::banned));
  node.change_bans(clear_bans{});
  CHECK_FALSE(node.join(at("50.1.2.1:1")).saw_end());
}

TEST_CASE("failed handshakes add up to a ban") {
  simulation world;
  accepting_node node{world};
  auto from = at("50.1.1.1:1");
  for (int i = 0; i < 5; ++i) { // 25 points each, which fade a little
    CHECK(node.bans().empty());
    auto remote = node.connect(from.with_port(static_cast<std::uint16_t>(i + 1)));
    remote.send(remote_version()); // it is of our protocol
    remote.send_raw(std::vector<std::byte>(24, std::byte{'x'}));
    world.run();
    CHECK(remote.saw_end());
    world.advance(5s);
  }
  CHECK(node.failures(peer_exit::wrong_magic) == 5);
  REQUIRE(node.bans().size() == 1);
  CHECK(node.bans()[0].range == host_of(from));
  CHECK(node.bans()[0].cause == misbehaviour::broken_rule);
  CHECK(node.refuses(from.with_port(9), peer_exit::banned));
}

TEST_CASE("a peer that breaks a hard rule is banned as it leaves") {
  simulation world;
  accepting_node node{world};
  auto remote = node.join(at("50.1.1.1:1"));
  auto neighbour = node.join(at("50.1.1.2:1"));
  remote.send(wire::addr{std::vector<wire::timed_address>(1'001)});
  world.run();
  CHECK(remote.saw_end());
  REQUIRE(node.view->left.size() == 1);
  CHECK(node.view->left[0].second == peer_exit::too_many_entries);
  CHECK(node.refuses(at("50.1.1.1:2"), peer_exit::banned));
  CHECK_FALSE(neighbour.saw_end());
}

TEST_CASE("a host that goes on with messages that cannot be read is banned") {
  simulation world;
  accepting_node node{world};
  world.context->ban_manager = node.keeper;
  auto remote = node.join(at("50.1.1.1:1"));
  auto neighbour = node.join(at("50.1.1.2:1"));
  remote.send(wire::addr{}); // is fine
  misbehave(world, remote, neighbour, 40);
  CHECK_FALSE(remote.saw_end()); // 80 points, and they fade
  misbehave(world, remote, neighbour, 20);
  CHECK(remote.saw_end());
  REQUIRE(node.view->left.size() == 1);
  CHECK(node.view->left[0].second == peer_exit::banned);
  CHECK(node.refuses(at("50.1.1.1:2"), peer_exit::banned));
  CHECK_FALSE(neighbour.saw_end());
  world.context->ban_manager = nullptr;
}

TEST_CASE("on loopback messages that cannot be read end the one peer") {
  simulation world;
  accepting_node node{world};
  world.context->ban_manager = node.keeper;
  auto remote = node.join(at("127.0.0.1:1"));
  auto other = node.join(at("127.0.0.1:2"));
  misbehave(world, remote, other, 60);
  CHECK(remote.saw_end());
  CHECK_FALSE(other.saw_end());
  CHECK(node.bans().empty());
  CHECK_FALSE(node.join(at("127.0.0.1:3")).saw_end());
  world.context->ban_manager = nullptr;
}
