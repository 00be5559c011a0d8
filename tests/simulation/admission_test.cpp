// SPDX-License-Identifier: MIT
#include "actors/admission/listener.hpp"
#include "actors/bans/ban_manager.hpp"
#include "actors/interfaces/admission.hpp"
#include "actors/interfaces/bans.hpp"
#include "actors/interfaces/broadcasts.hpp"
#include "actors/interfaces/peer.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "actors/peer/connection.hpp"
#include "actors/peer_set/eviction.hpp"
#include "messages/ban.hpp"
#include "tests/simulation/requests_fixture.hpp"
#include "tests/support/endpoints.hpp"
#include "tests/support/raw_peer.hpp"

#include <algorithm>
#include <cstring>
#include <deque>
#include <random>
#include <set>

/// Admission: LISTENER, together with BAN_MANAGER and a small peer set.
using namespace peerage;
using namespace peerage::test;

namespace {

// -- a peer set of the test's own ------------------------------------------------------

struct set_view {
  struct member {
    peer_info info;
    client_actor client;
    time_point joined_at;
  };

  std::map<peer_id, member> members;
  std::map<caf::actor_addr, peer_id> by_client;
  std::vector<std::pair<peer_info, peer_exit>> left;
  std::vector<peer_observer_actor> observers;
  std::vector<caf::typed_response_promise<bool>> unanswered;
  std::size_t evictions_asked = 0;
  bool silent = false; ///< Questions for evictions stay unanswered.
};

using small_set_actor =
  caf::typed_actor<caf::reacts_to<join_set>, caf::replies_to<evict_inbound>::with<bool>,
                   caf::reacts_to<end_peer>, caf::reacts_to<end_peers_in>,
                   caf::reacts_to<caf::put_atom>, caf::reacts_to<caf::put_atom, bool>>;

small_set_actor::behavior_type small_set(small_set_actor::pointer self,
                                         std::shared_ptr<set_view> view) {
  auto end = [self](const set_view::member& x, peer_exit reason) {
    self->send_exit(x.client, caf::make_error(reason));
  };
  self->set_down_handler([self, view](caf::down_msg& x) {
    auto found = view->members.extract(view->by_client[x.source]);
    view->left.emplace_back(found.mapped().info, exit_of(x.reason));
    for (const auto& observer : view->observers)
      self->send(observer, peer_left{found.mapped().info, exit_of(x.reason)});
  });
  return {
    [self, view](const join_set& x) {
      self->monitor(x.peer.client);
      view->by_client[x.peer.client.address()] = x.peer.info.id;
      view->members[x.peer.info.id] = {x.peer.info, x.peer.client, self->clock().now()};
      for (const auto& observer : view->observers)
        self->send(observer, peer_joined{x.peer.info});
    },
    [self, view, end](evict_inbound) -> caf::result<bool> {
      ++view->evictions_asked;
      if (view->silent)
        return view->unanswered.emplace_back(self->make_response_promise<bool>());
      std::vector<eviction_candidate> all;
      for (const auto& [id, x] : view->members) {
        all.emplace_back();
        all.back().id = id;
        all.back().remote = x.info.remote;
        all.back().direction = x.info.direction;
        all.back().connected_at = x.joined_at;
      }
      auto chosen = choose_eviction(all, 1);
      if (chosen)
        end(view->members.at(*chosen), peer_exit::evicted);
      return chosen.has_value();
    },
    [view, end](const end_peer& x) {
      if (auto found = view->members.find(x.peer); found != view->members.end())
        end(found->second, x.reason);
    },
    [view, end](const end_peers_in& x) {
      for (const auto& [id, member] : view->members)
        if (x.range.contains(member.info.remote))
          end(member, x.reason);
    },
    [view](caf::put_atom) { // forget everything, as only the actor itself may
      view->members.clear();
      view->unanswered.clear();
    },
    [view](caf::put_atom, bool answer) { view->unanswered.front().deliver(answer); },
  };
}

// -- a node that accepts ---------------------------------------------------------------

struct accepting_node {
  explicit accepting_node(simulation& in, const inbound_limits& limits = {}) : world(in) {
    world.run();
    actors_before = world.system.registry().running();
    std::string error;
    auto acceptor = world.sockets->listen(at, world.context->network.magic, error);
    keeper = world.system.spawn(ban_manager, world.context, ban_manager_options{});
    door = world.system.spawn(listener, world.context, std::vector{acceptor}, limits,
                              misbehaviour_sink{keeper});
    set = world.system.spawn(small_set, view);
    view->observers = {door, keeper};
    caf::anon_send(keeper, attach_ban_users{{door}, set});
    caf::anon_send(door, attach_peer_set{set});
    world.run();
  }
  accepting_node(const accepting_node&) = delete;
  accepting_node& operator=(const accepting_node&) = delete;

  ~accepting_node() {
    world.advance(world.context->timing.handshake_timeout); // those that never end
    caf::anon_send(set, caf::put_atom_v);
    caf::anon_send_exit(keeper, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(door, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(set, caf::exit_reason::user_shutdown);
    view->observers.clear();
    set = nullptr;
    door = nullptr;
    keeper = nullptr;
    world.run();
    CHECK(world.system.registry().running() == actors_before);
  }

  /// A remote that has connected, and says nothing.
  scripted_remote connect(const endpoint& from) {
    scripted_remote result{world.sockets->connect_to(at, from),
                           world.context->network.magic};
    world.run();
    return result;
  }

  /// A remote that has shaken hands, unless it was refused.
  scripted_remote join(const endpoint& from) {
    auto result = connect(from);
    if (!result.saw_end())
      world.shake_hands(result);
    return result;
  }

  /// A peer that we dialed, by way of the set.
  scripted_remote join_outbound() {
    auto result = world.ready_outbound();
    caf::anon_send(set, join_set{world.results->ready.back(), false});
    world.results->ready.clear();
    world.run();
    return result;
  }

  template <class Message>
  void tell(Message x) {
    caf::anon_send(door, std::move(x));
    world.run();
  }

  std::uint64_t failures(peer_exit reason) {
    return state().counts.failures[static_cast<std::size_t>(reason)];
  }

  /// True if the one attempt is refused, and with this reason.
  bool refuses(const endpoint& from, peer_exit reason) {
    auto before = failures(reason);
    return connect(from).saw_end() && failures(reason) == before + 1;
  }

  std::vector<ban> bans() {
    auto result = world.answer_to<peerage::bans>(keeper, get_bans{});
    REQUIRE(result);
    return result->entries;
  }

  template <class Request>
  void change_bans(const Request& x) {
    caf::anon_send(keeper, x);
    world.run();
  }

  listener_state& state() {
    auto* self = caf::actor_cast<caf::abstract_actor*>(door);
    return dynamic_cast<listener_actor::stateful_base<listener_state>&>(*self).state;
  }

  simulation& world;
  endpoint at = ipv4_endpoint(10, 0, 0, 1, 18444);
  std::size_t actors_before = 0;
  std::shared_ptr<set_view> view = std::make_shared<set_view>();
  listener_actor door;
  ban_manager_actor keeper;
  small_set_actor set;
};

/// A ping that was damaged on its way.
std::vector<std::byte> damaged_message(std::uint32_t magic) {
  auto result = wire::encode(magic, wire::ping{7});
  result.back() ^= std::byte{1};
  return result;
}

/// The n-th of many hosts that come as fast as they like, as accept_rate lets loopback
/// do.
endpoint local_host(int n, int port = 9'000) {
  return ipv4_endpoint(127, static_cast<std::uint8_t>(1 + n / 200),
                       static_cast<std::uint8_t>(n % 200), 1,
                       static_cast<std::uint16_t>(port));
}

/// The n-th of many hosts that have nothing in common.
endpoint stranger(int n) {
  return ipv4_endpoint(static_cast<std::uint8_t>(20 + n / 200),
                       static_cast<std::uint8_t>(n % 200), 1, 1, 9'000);
}

} // namespace

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
    remotes.push_back(node.join(stranger(i)));
    world.advance(50ms);
  }
  CHECK(node.view->members.size() == 41);
  for (int i = 40; i < 60; ++i) {
    remotes.push_back(node.join(stranger(i)));
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
    remotes.push_back(node.join(stranger(i)));
  auto newcomer = node.connect(stranger(5));
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
  CHECK(node.refuses(stranger(1), peer_exit::inbound_limit));
}

TEST_CASE("newcomers that have shaken hands wait in turn for a slot, and not for ever") {
  simulation world;
  accepting_node node{world, {3, 1, 2}};
  std::vector<scripted_remote> remotes;
  for (int i = 0; i < 3; ++i)
    remotes.push_back(node.join(stranger(i)));
  node.view->silent = true;

  auto first = node.join(stranger(10));
  auto second = node.join(stranger(11));
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
    auto next = node.join(stranger(12));
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
    node.change_bans(set_ban{host_of(stranger(10))});
    CHECK(first.saw_end());
    CHECK_FALSE(second.saw_end());
    CHECK(node.failures(peer_exit::banned) == 1);
    world.advance(eviction_deadline);
    CHECK(node.failures(peer_exit::inbound_limit) == 1);
  }
}

// -- handshakes under way --------------------------------------------------------------

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
      remotes.push_back(node.join(stranger(i)));
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
    remotes.push_back(node.join(stranger(i)));
  world.sockets->starve_acceptors(true);
  for (int i = 40; i < 50; ++i)
    remotes.push_back(node.connect(stranger(i)));
  CHECK(node.view->evictions_asked == 1);
  CHECK(node.view->left.size() == 1);
  CHECK(node.view->left[0].second == peer_exit::evicted);
  world.advance(descriptor_pause);
  remotes.push_back(node.connect(stranger(50)));
  CHECK(node.view->evictions_asked == 2);
  world.sockets->starve_acceptors(false);
  world.run();
  CHECK(node.state().counts.in_flight == 11); // all newcomers since
  // From now on there are some that have not shaken hands: they go first.
  world.sockets->starve_acceptors(true);
  world.advance(descriptor_pause);
  auto more = node.connect(stranger(60));
  CHECK(node.view->evictions_asked == 2);
  CHECK(node.state().counts.in_flight == 10);
  CHECK(node.failures(peer_exit::evicted) == 1);
  world.sockets->starve_acceptors(false);
  world.run();
}

// -- bans ------------------------------------------------------------------------------

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

// -- and back to nothing ---------------------------------------------------------------

TEST_CASE("I16: slots are back at the baseline after a storm") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    simulation world{seed};
    std::mt19937_64 random{seed};
    accepting_node node{world, {40, 2, 3}};
    std::deque<scripted_remote> remotes;
    for (int step = 0; step < 1'500; ++step) {
      auto from = stranger(static_cast<int>(random() % 300));
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
