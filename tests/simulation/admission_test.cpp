// SPDX-License-Identifier: MIT
#include "actors/interfaces/broadcasts.hpp"
#include "tests/simulation/accepting_node.hpp"

#include <algorithm>
#include <deque>
#include <random>

/// Admission: whom a node lets in, and who gives way.
using namespace peerage;
using namespace peerage::test;

// -- caps ------------------------------------------------------------------------------

TEST_CASE("I13: an address is full with one connection, pending or established") {
  simulation world;
  accepting_node node{world};
  auto first = node.connect(at("50.1.1.1:1"));
  CHECK_FALSE(first.saw_end());
  CHECK(node.refuses(at("50.1.1.1:2"), peer_exit::address_limit)); // pending
  world.shake_hands(first);
  CHECK(node.view->members.size() == 1);
  CHECK(node.refuses(at("50.1.1.1:3"), peer_exit::address_limit)); // established
  first.close();
  world.advance(5s); // another attempt of that host is due
  CHECK_FALSE(node.connect(at("50.1.1.1:4")).saw_end());
}

TEST_CASE("I13: an IPv4 address is the same one however it is written") {
  simulation world;
  accepting_node node{world};
  auto first = node.join(at("50.1.1.1:1"));
  CHECK(node.refuses(at("[::ffff:50.1.1.1]:2"), peer_exit::address_limit));
  node.change_bans(set_ban{range("50.2.0.0/16")});
  CHECK(node.refuses(at("[::ffff:50.2.1.1]:2"), peer_exit::banned));
  node.change_bans(set_ban{range("::ffff:50.3.0.0/16")});
  CHECK(node.refuses(at("50.3.1.1:2"), peer_exit::banned));
}

TEST_CASE("I13: a subnet is full with two connections") {
  simulation world;
  accepting_node node{world};
  auto pending = node.connect(at("50.1.1.1:1"));
  auto established = node.join(at("50.1.1.2:1"));
  CHECK(node.refuses(at("50.1.1.3:1"), peer_exit::subnet_limit));
  CHECK_FALSE(node.join(at("50.1.2.3:1")).saw_end());
  auto one = node.join(at("[2600:0:0:1::1]:1"));
  auto two = node.join(at("[2600:0:0:1::2]:1"));
  CHECK(node.refuses(at("[2600:0:0:1::3]:1"), peer_exit::subnet_limit));
  CHECK_FALSE(node.join(at("[2600:0:0:2::3]:1")).saw_end());
}

TEST_CASE("I13: peers that we dialed count in their subnet, but take no slot") {
  simulation world;
  accepting_node node{world, {1, 1, 2}};
  peer_info dialed;
  dialed.direction = peer_direction::outbound;
  dialed.remote = at("50.1.1.1:8333");
  dialed.id = 1'000;
  node.tell(peer_joined{dialed});
  CHECK(node.refuses(at("50.1.1.1:1"), peer_exit::address_limit));
  auto neighbour = node.join(at("50.1.1.2:1"));
  CHECK_FALSE(neighbour.saw_end()); // total is 1, and it was free
  CHECK(node.refuses(at("50.1.1.3:1"), peer_exit::subnet_limit));
  neighbour.close();
  world.run();

  // A second connection to the same remote that the set did not take in has only left.
  auto second = dialed;
  second.id = 1'001;
  node.tell(peer_left{second, peer_exit::address_limit});
  CHECK(node.refuses(at("50.1.1.1:2"), peer_exit::address_limit));
  node.tell(peer_left{dialed, peer_exit::remote_closed});
  CHECK_FALSE(node.connect(at("50.1.1.1:3")).saw_end());
}

TEST_CASE("loopback is exempt on regtest: only the slots count") {
  simulation world;
  accepting_node node{world, {30, 1, 2}};
  std::vector<scripted_remote> remotes;
  for (std::uint16_t i = 1; i <= 30; ++i)
    remotes.push_back(node.join(ipv4_endpoint(127, 0, 0, 1, i)));
  CHECK(node.view->members.size() == 30);
  CHECK(node.failures(peer_exit::connection_flood) == 0);
}

TEST_CASE("one host that keeps coming is let in at its pace") {
  simulation world;
  accepting_node node{world};
  for (std::uint16_t i = 1; i <= 3; ++i) {
    auto remote = node.connect(at("50.1.1.1:1").with_port(i));
    CHECK_FALSE(remote.saw_end());
    remote.close();
    world.run();
  }
  CHECK(node.refuses(at("50.1.1.1:9"), peer_exit::connection_flood));
}

// -- a full node -----------------------------------------------------------------------

TEST_CASE("a newcomer takes the slot of the least valuable peer") {
  simulation world;
  accepting_node node{world, {40, 1, 2}};
  auto outbound = node.join_outbound();
  std::vector<scripted_remote> remotes;
  for (int i = 0; i < 40; ++i) {
    remotes.push_back(node.join(distant_host(i)));
    world.advance(50ms);
  }
  CHECK(node.view->members.size() == 41);
  for (int i = 40; i < 60; ++i) {
    remotes.push_back(node.join(distant_host(i)));
    CHECK_FALSE(remotes.back().saw_end());
    world.advance(50ms);
  }
  CHECK(node.view->members.size() == 41);
  CHECK(node.view->left.size() == 20);
  for (const auto& [info, reason] : node.view->left) {
    CHECK(reason == peer_exit::evicted);
    CHECK(info.direction == peer_direction::inbound);
  }
  CHECK_FALSE(outbound.saw_end());
  CHECK_FALSE(remotes[0].saw_end()); // the longest connected
  CHECK(node.failures(peer_exit::inbound_limit) == 0);
}

TEST_CASE(
  "a full node without a peer to lose refuses newcomers once they have shaken hands") {
  simulation world;
  accepting_node node{world, {5, 1, 2}};
  std::vector<scripted_remote> remotes;
  for (int i = 0; i < 5; ++i)
    remotes.push_back(node.join(distant_host(i)));
  auto newcomer = node.connect(distant_host(5));
  CHECK_FALSE(newcomer.saw_end());
  CHECK(node.view->evictions_asked == 0);
  world.shake_hands(newcomer);
  CHECK(newcomer.saw_end());
  CHECK(node.failures(peer_exit::inbound_limit) == 1);
  CHECK(node.view->evictions_asked == 1);
  CHECK(node.view->left.empty());
}

TEST_CASE("a node without inbound slots lets no remote in") {
  simulation world;
  accepting_node node{world, {0, 1, 2}};
  CHECK(node.refuses(distant_host(1), peer_exit::inbound_limit));
}

TEST_CASE("newcomers that have shaken hands wait in turn for a slot, and not for ever") {
  simulation world;
  accepting_node node{world, {3, 1, 2}};
  std::vector<scripted_remote> remotes;
  for (int i = 0; i < 3; ++i)
    remotes.push_back(node.join(distant_host(i)));
  node.view->silent = true;

  auto first = node.join(distant_host(10));
  auto second = node.join(distant_host(11));
  CHECK_FALSE(first.saw_end());
  CHECK_FALSE(second.saw_end());
  CHECK(node.view->evictions_asked == 1); // one at a time
  CHECK(node.state().counts.in_flight == 2);
  CHECK(node.view->members.size() == 3);

  SUBCASE("until the deadline, and a later answer is ignored") {
    world.advance(eviction_deadline - 50ms);
    CHECK_FALSE(first.saw_end());
    world.advance(50ms);
    CHECK(first.saw_end());
    CHECK(second.saw_end());
    CHECK(node.failures(peer_exit::inbound_limit) == 2);
    CHECK(node.state().counts.in_flight == 0);
    caf::anon_send(node.set, caf::put_atom_v, false);
    world.run();
    node.view->silent = false;
    auto next = node.join(distant_host(12));
    CHECK(node.view->evictions_asked == 2);
  }
  SUBCASE("a slot that is freed otherwise is as good") {
    remotes[0].close();
    world.run();
    CHECK(node.view->members.size() == 3);
    remotes[1].close();
    world.run();
    CHECK(node.view->members.size() == 3);
    world.advance(2 * eviction_deadline);
    CHECK_FALSE(first.saw_end());
    CHECK_FALSE(second.saw_end());
    CHECK(node.state().counts.in_flight == 0);
  }
  SUBCASE("no peer is evicted for a newcomer that has left meanwhile") {
    first.close();
    second.close();
    world.run();
    CHECK(node.state().counts.in_flight == 0);
    remotes[0].close();
    world.run();
    CHECK(node.view->members.size() == 2);
  }
  SUBCASE("a newcomer that is banned meanwhile is refused") {
    node.change_bans(set_ban{host_of(distant_host(10))});
    CHECK(first.saw_end());
    CHECK_FALSE(second.saw_end());
    CHECK(node.failures(peer_exit::banned) == 1);
    world.advance(eviction_deadline);
    CHECK(node.failures(peer_exit::inbound_limit) == 1);
  }
}

// -- and back to nothing ---------------------------------------------------------------

TEST_CASE("I16: slots are back at the baseline after a storm") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    simulation world{seed};
    std::mt19937_64 random{seed};
    accepting_node node{world, {40, 2, 3}};
    std::deque<scripted_remote> remotes;
    for (int step = 0; step < 1'500; ++step) {
      auto from = distant_host(static_cast<int>(random() % 300));
      from.port = static_cast<std::uint16_t>(random());
      auto some = [&]() -> scripted_remote& {
        return remotes[random() % remotes.size()];
      };
      switch (remotes.empty() ? 0 : random() % 12) {
      case 0:
      case 1:
      case 2:
      case 3: remotes.push_back(node.join(from)); break;
      case 4:
      case 5: remotes.push_back(node.connect(from)); break;
      case 6: some().close(); break;
      case 7: some().send_raw(std::vector<std::byte>(30, std::byte{1})); break;
      case 8: world.advance(random() % 8 == 0 ? 3s : 50ms); break;
      case 9:
        if (random() % 4 == 0)
          node.change_bans(set_ban{host_of(from), 10});
        break;
      case 10: node.view->silent = random() % 8 == 0; break;
      case 11: remotes.push_back(node.join_outbound()); break;
      }
      const auto& state = node.state();
      REQUIRE(state.inbound.size() <= 40 + handshake_places::reserve);
      REQUIRE(state.members.size() <= 40);
      std::size_t inbound = 0;
      for (const auto& [id, x] : node.view->members)
        inbound += x.info.direction == peer_direction::inbound;
      REQUIRE(inbound + state.counts.in_flight <= state.inbound.size());
    }
    CHECK(node.failures(peer_exit::inbound_limit) > 0);
    CHECK(std::ranges::count(node.view->left, peer_exit::evicted,
                             &std::pair<peer_info, peer_exit>::second) > 0);
    for (auto& remote : remotes)
      remote.close();
    world.advance(12s); // the longest handshake
    const auto& state = node.state();
    CHECK(state.inbound.size() == 0);
    CHECK(state.outbound.size() == 0);
    CHECK(state.outbound_peers.empty());
    CHECK(state.members.empty());
    CHECK(state.newcomers.empty());
    CHECK(state.handshakes.size() == 0);
    CHECK(state.waiting.empty());
    CHECK(state.counts.in_flight == 0);
    CHECK(node.view->members.empty());
    CHECK(world.sockets->open_connections() == 0);
  }
}
