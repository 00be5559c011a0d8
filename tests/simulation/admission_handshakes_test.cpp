// SPDX-License-Identifier: MIT
#include "tests/simulation/accepting_node.hpp"
#include "tests/simulation/requests_fixture.hpp"
#include "tests/support/raw_peer.hpp"

#include <algorithm>
#include <cstring>
#include <random>

/// Admission: connections that have not shaken hands yet.
using namespace peerage;
using namespace peerage::test;

TEST_CASE(
  "hosts that open TCP and say nothing cost no peer its place, nor newcomers theirs") {
  simulation world;
  accepting_node node{world}; // 125 slots
  std::vector<scripted_remote> honest;
  for (int i = 0; i < 100; ++i)
    honest.push_back(node.join(local_host(i)));
  struct attacker {
    scripted_remote socket;
    time_point since;
  };
  std::vector<attacker> attackers(125);
  std::size_t displaced = 0;
  int newcomers = 0;
  for (int step = 0; step < 900; ++step) { // 90 s
    for (std::size_t i = 0; i < attackers.size(); ++i) {
      auto& x = attackers[i];
      const bool open = x.since != time_point{} && !x.socket.saw_end();
      displaced += x.since != time_point{} && x.socket.saw_end() ? 1 : 0;
      if (open && world.now() - x.since >= 9'500ms)
        x.socket.close();
      if (x.since == time_point{} || x.socket.saw_end() ||
          world.now() - x.since >= 9'500ms) {
        x = {node.connect(local_host(1'000 + static_cast<int>(i), step + 1)),
             world.now()};
      }
    }
    if (step % 90 == 45) {
      auto newcomer = node.connect(local_host(500 + newcomers));
      world.advance(500ms); // the line is slow
      world.shake_hands(newcomer);
      CHECK_FALSE(newcomer.saw_end());
      ++newcomers;
      honest.push_back(std::move(newcomer));
    }
    for (auto& x : honest)
      answer_pings(x, x.take());
    world.advance(100ms);
  }
  CHECK(displaced > 0);
  CHECK(newcomers == 10);
  CHECK(node.view->members.size() == 110);
  CHECK(node.view->left.empty());
  CHECK(node.view->evictions_asked == 0);
  CHECK(node.state().counts.in_flight <= 15 + handshake_places::reserve);
}

TEST_CASE("a silent connection does not hold the place of its address for long") {
  simulation world;
  accepting_node node{world};
  auto silent = node.connect(at("50.1.1.1:1"));
  CHECK(node.refuses(at("50.1.1.1:2"), peer_exit::address_limit));
  world.advance(handshake_places::grace);
  auto next = node.join(at("50.1.1.1:3"));
  CHECK(silent.saw_end());
  CHECK_FALSE(next.saw_end());
  CHECK(node.view->members.size() == 1);
  CHECK(node.failures(peer_exit::evicted) == 1);
  world.advance(handshake_places::grace); // a peer keeps it
  CHECK(node.refuses(at("50.1.1.1:4"), peer_exit::address_limit));
  auto neighbour = node.connect(at("50.1.1.2:1"));
  CHECK(node.refuses(at("50.1.1.3:1"), peer_exit::subnet_limit));
  world.advance(handshake_places::grace);
  CHECK_FALSE(node.join(at("50.1.1.3:2")).saw_end());
  CHECK(neighbour.saw_end());
  CHECK(node.view->members.size() == 2);
}

TEST_CASE("a handshake under way is ended at once by whatever ends peers") {
  simulation world;
  accepting_node node{world};
  const auto from = at("50.1.1.1:1");
  auto remote = node.connect(from);
  SUBCASE("a ban, before it has said anything") {
    node.change_bans(set_ban{range("50.1.1.0/24")});
    CHECK(remote.saw_end());
    CHECK(node.failures(peer_exit::banned) == 1);
  }
  SUBCASE("a ban, in the middle of it") {
    remote.send(remote_version());
    world.run();
    node.change_bans(set_ban{host_of(from)});
    CHECK(remote.saw_end());
    CHECK(node.failures(peer_exit::banned) == 1);
  }
  SUBCASE("a ban as its last message comes") {
    remote.send(remote_version());
    world.run();
    // Both are under way: the ban is there when the handshake tells of its good end.
    caf::anon_send(node.keeper, set_ban{host_of(from)});
    remote.send(wire::verack{});
    world.run();
    CHECK(remote.saw_end());
  }
  SUBCASE("setnetworkactive false") {
    node.tell(set_network_active{false});
    CHECK(remote.saw_end());
    CHECK(node.failures(peer_exit::network_inactive) == 1);
    node.tell(set_network_active{true});
    CHECK_FALSE(node.connect(from.with_port(2)).saw_end());
  }
  SUBCASE("disconnectnode, by address") {
    CHECK(*world.answer_to<bool>(node.door, disconnect_peer{0, from}));
    CHECK(remote.saw_end());
    CHECK(node.failures(peer_exit::disconnect_requested) == 1);
    CHECK_FALSE(*world.answer_to<bool>(node.door, disconnect_peer{0, from}));
  }
  SUBCASE("disconnectnode, by the id that is shown") {
    auto shown = world.answer_to<peer_snapshots>(node.door, get_peer_snapshots{});
    REQUIRE(shown->entries.size() == 1);
    CHECK(shown->entries[0].info.remote == from);
    CHECK(
      *world.answer_to<bool>(node.door, disconnect_peer{shown->entries[0].info.id, {}}));
    CHECK(remote.saw_end());
  }
  SUBCASE("a stop") {
    caf::anon_send_exit(node.door, caf::exit_reason::user_shutdown);
    world.run();
    CHECK(remote.saw_end());
  }
  CHECK(node.view->members.empty());
  CHECK(node.view->left.empty()); // never ready
}

TEST_CASE("v2 before v1: a node that prefers v2 loses neither points nor its place") {
  simulation world;
  accepting_node node{world};
  const auto from = at("50.1.1.1:1");
  std::uint16_t port = 1;
  for (int i = 0; i < 4; ++i) {
    auto first = node.connect(from.with_port(port++));
    std::vector<std::byte> key(64);
    for (std::size_t n = 0; n < key.size(); ++n)
      key[n] = static_cast<std::byte>(37 * n + 200 + static_cast<std::size_t>(i));
    first.send_raw(key);
    world.run();
    CHECK(first.saw_end());
    CHECK(first.take_commands().empty()); // else it would not come again as v1
    auto again = node.join(from.with_port(port++));
    CHECK_FALSE(again.saw_end());
    CHECK(node.view->members.size() == 1);
    again.close();
    world.advance(5s); // what the allowance of a host wants for one connection
  }
  CHECK(node.failures(peer_exit::wrong_magic) == 4);
  CHECK(node.failures(peer_exit::connection_flood) == 0);
  CHECK(*world.answer_to<double>(node.keeper, get_score{from}) == 0);
  CHECK(node.bans().empty());
}

TEST_CASE("a first header that makes no sense costs no points, whatever is wrong in it") {
  simulation world;
  accepting_node node{world};
  const auto from = at("50.1.1.1:1");
  std::uint16_t port = 1;
  for (const char* command : {"version", "block", "\xff\xfe"})
    for (std::uint32_t length : {4'000'001u, 0xffffffffu}) {
      auto remote = node.connect(from.with_port(port++));
      auto header =
        raw_envelope{.magic = world.context->network.magic, .command = command}.bytes();
      std::memcpy(header.data() + 16, &length, sizeof length);
      remote.send_raw(header);
      world.run();
      CHECK(remote.saw_end());
      world.advance(5s); // what the allowance of a host wants for one connection
    }
  CHECK(node.failures(peer_exit::oversized_message) == 6);
  CHECK(*world.answer_to<double>(node.keeper, get_score{from}) == 0);
  // It is of our protocol if something could be read before.
  auto remote = node.connect(from.with_port(port++));
  remote.send(remote_version());
  auto header =
    raw_envelope{.magic = world.context->network.magic, .command = "tx"}.bytes();
  header[19] = std::byte{0xff};
  remote.send_raw(header);
  world.run();
  CHECK(remote.saw_end());
  CHECK(*world.answer_to<double>(node.keeper, get_score{from}) ==
        weight_of(misbehaviour::broken_rule));
}

TEST_CASE("a flood from one /24 leaves honest newcomers a place") {
  int in = 0;
  constexpr int trials = 60;
  for (int trial = 0; trial < trials; ++trial) {
    CAPTURE(trial);
    simulation world{static_cast<std::uint64_t>(trial) + 1};
    std::mt19937_64 random{static_cast<std::uint64_t>(trial)};
    accepting_node node{world, {40, 1, 2}};
    std::vector<scripted_remote> remotes;
    for (int i = 0; i < 40; ++i)
      remotes.push_back(node.join(distant_host(i)));
    world.advance(5s);
    // 12 attempts per second of 254 hosts for 20 s; some shake hands, some do not.
    const auto comes_at = static_cast<int>(random() % 200) + 150;
    scripted_remote honest;
    for (int step = 0; step < 400; ++step) {
      auto attack = [&] {
        auto host = static_cast<std::uint8_t>(1 + random() % 254);
        auto port = static_cast<std::uint16_t>(random());
        auto evil = node.connect(ipv4_endpoint(66, 6, 6, host, port));
        if (!evil.saw_end() && random() % 2 == 0)
          world.shake_hands(evil);
        remotes.push_back(std::move(evil));
      };
      if (step % 5 < 3)
        attack();
      if (step == comes_at)
        honest = node.join(ipv4_endpoint(99, 9, 9, 9, 9));
      world.advance(50ms);
    }
    in += std::ranges::any_of(node.view->members, [](const auto& x) {
      return x.second.info.remote == ipv4_endpoint(99, 9, 9, 9, 9);
    });
    CHECK(node.state().inbound.in_subnet_of(ipv4_endpoint(66, 6, 6, 1, 1)) <= 2);
  }
  CHECK(in >= trials * 9 / 10);
}

TEST_CASE(
  "without descriptors inbound peers are evicted, at a pace, until there are some") {
  simulation world;
  accepting_node node{world, {60, 1, 2}};
  std::vector<scripted_remote> remotes;
  for (int i = 0; i < 40; ++i)
    remotes.push_back(node.join(distant_host(i)));
  world.sockets->starve_acceptors(true);
  for (int i = 40; i < 50; ++i)
    remotes.push_back(node.connect(distant_host(i)));
  CHECK(node.view->evictions_asked == 1);
  CHECK(node.view->left.size() == 1);
  CHECK(node.view->left[0].second == peer_exit::evicted);
  world.advance(descriptor_pause);
  remotes.push_back(node.connect(distant_host(50)));
  CHECK(node.view->evictions_asked == 2);
  world.sockets->starve_acceptors(false);
  world.run();
  CHECK(node.state().counts.in_flight == 11); // all newcomers since
  // From now on there are some that have not shaken hands: they go first.
  world.sockets->starve_acceptors(true);
  world.advance(descriptor_pause);
  auto more = node.connect(distant_host(60));
  CHECK(node.view->evictions_asked == 2);
  CHECK(node.state().counts.in_flight == 10);
  CHECK(node.failures(peer_exit::evicted) == 1);
  world.sockets->starve_acceptors(false);
  world.run();
}
