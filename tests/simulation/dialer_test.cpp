// SPDX-License-Identifier: MIT
#include "actors/dialing/dialer.hpp"
#include "actors/interfaces/addresses.hpp"
#include "actors/interfaces/attempts.hpp"
#include "actors/interfaces/broadcasts.hpp"
#include "actors/interfaces/dialing.hpp"
#include "actors/interfaces/peer.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "actors/storage/saver.hpp"
#include "messages/known_address.hpp"
#include "tests/simulation/requests_fixture.hpp"
#include "tests/support/memory_resolver.hpp"
#include "tests/support/temporary_directory.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

/// The DIALER: how many dials, how fast, and which again. I7.
using namespace peerage;
using namespace peerage::test;

namespace {

/// An address book that gives out a list, and counts how often it is asked.
struct scripted_book {
  std::deque<endpoint> offers;
  int questions = 0;
  bool hangs = false; ///< Questions stay open, with these promises.
  std::vector<caf::typed_response_promise<candidates>> open;
  std::map<endpoint, dial_ended::outcome> ended;
};

address_book_actor::behavior_type book_double(address_book_actor::pointer self,
                                              std::shared_ptr<scripted_book> script) {
  return {
    [](const peer_joined&) {},
    [](const peer_left&) {},
    [](const addresses_announced&) {},
    [](const serve_addresses&) { return addresses{}; },
    [](const addresses_answered&) {},
    [](const add_addresses&) { return std::uint64_t{0}; },
    [self, script](const get_candidates& x) -> caf::result<candidates> {
      ++script->questions;
      if (script->hangs)
        return script->open.emplace_back(self->make_response_promise<candidates>());
      candidates result;
      while (result.entries.size() < x.count && !script->offers.empty()) {
        result.entries.push_back(script->offers.front());
        script->offers.pop_front();
      }
      return result;
    },
    [script](const dial_ended& x) { script->ended[x.remote] = x.result; },
    [](get_address_book_snapshot) { return address_book_snapshot{}; },
    [](const get_known_addresses&) { return known_address_list{}; },
    [](const wait_for_address&) { return known_address_list{}; },
    [](get_address_places) { return address_places{}; },
    [](get_gossip_counts) { return peer_gossip_counts{}; },
    [](const cancel_request&) {},
    [](const bans_changed&) {},
    [](const attach_address_users&) {},
    [](const peerage::alarm&) {},
  };
}

/// A DIALER with a PEER_SET and a book double, on a network of scripted remotes.
struct dialing_world : simulation {
  explicit dialing_world(dialer_options options = {}, bool with_book = true) {
    script = std::make_shared<scripted_book>();
    dialer = system.spawn(peerage::dialer, context, std::move(options));
    peer_set_options set_options;
    set_options.observers = {caf::actor_cast<peer_observer_actor>(dialer)};
    set_options.quiet = true;
    set = system.spawn(peer_set, context, std::move(set_options));
    if (with_book)
      book = system.spawn(book_double, script);
  }

  ~dialing_world() {
    for (const auto& x :
         {caf::actor_cast<caf::actor>(dialer), caf::actor_cast<caf::actor>(set)})
      caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
    dialer = nullptr;
    set = nullptr;
    book = nullptr;
    for (auto& question : std::exchange(script->open, {})) // they keep the book alive
      question.deliver(candidates{});
    run();
  }

  void start() {
    caf::anon_send(dialer, attach_discovery{set, book, {}});
    run();
  }

  /// The `n`th address of the test's network, each in a group of its own.
  static endpoint address(std::size_t n) {
    return ipv4_endpoint(static_cast<std::uint8_t>(11 + n / 200),
                         static_cast<std::uint8_t>(n % 200), 1, 1, 8333);
  }

  /// A remote that shakes hands when it is dialed.
  void add_live(const endpoint& at) {
    sockets->add_scripted(at, [this, at](memory_remote_ptr end) {
      dialed.push_back(at);
      remotes.emplace_back(at, scripted_remote{std::move(end), context->network.magic});
    });
  }

  /// Lets time pass while live remotes play their part.
  void pass(caf::timespan duration) {
    constexpr caf::timespan step = 50ms;
    for (; duration > caf::timespan::zero(); duration -= step) {
      scheduler().advance_time(std::min(duration, step));
      run();
      for (auto& [at, remote] : remotes)
        answer_pings(remote, remote.take());
      while (answered < remotes.size())
        shake_hands(remotes[answered++].second);
    }
  }

  std::size_t in_flight() {
    return answer_to<attempt_counts>(dialer, get_attempt_counts{})->in_flight;
  }

  std::uint64_t connected() {
    return answer_to<peer_set_snapshot>(set, get_peer_set_snapshot{})->total;
  }

  std::shared_ptr<scripted_book> script;
  dialer_actor dialer;
  peer_set_actor set;
  address_book_actor book;
  std::vector<endpoint> dialed;
  std::deque<std::pair<endpoint, scripted_remote>> remotes;
  std::size_t answered = 0;
};

dialer_options with_target(std::size_t target) {
  dialer_options result;
  result.limits.max_outbound = target;
  return result;
}

} // namespace

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

TEST_CASE("a dial under way is ended at once by whatever ends peers") {
  dialing_world world{with_target(5)};
  const auto hanging = world.address(0); // TCP does not open
  const auto silent = world.address(1);  // it does, and nothing comes
  world.sockets->add_black_hole(hanging);
  world.sockets->add_scripted(silent, [&](memory_remote_ptr end) {
    world.dialed.push_back(silent);
    world.remotes.emplace_back(
      silent, scripted_remote{std::move(end), world.context->network.magic});
    ++world.answered; // not by us
  });
  world.start();
  CHECK(*world.answer_to<bool>(world.dialer, add_manual_peer{hanging}));
  world.pass(100ms);
  CHECK(*world.answer_to<bool>(world.dialer, add_manual_peer{silent}));
  world.pass(100ms);
  REQUIRE(world.in_flight() == 2);
  REQUIRE(world.remotes.size() == 1);
  auto& remote = world.remotes[0].second;
  auto shown = [&] {
    return world.answer_to<peer_snapshots>(world.dialer, get_peer_snapshots{})->entries;
  };
  REQUIRE(shown().size() == 1); // TCP is open
  CHECK(shown()[0].info.remote == silent);
  CHECK(connection_type(shown()[0]) == "manual");
  const auto now = world.context->wall.now();
  std::uint64_t left = 0;
  SUBCASE("bans") {
    caf::anon_send(world.dialer, bans_changed{{{host_of(hanging), now, now + 1'000, {}},
                                               {host_of(silent), now, now + 1'000, {}}},
                                              {}});
    world.run();
  }
  SUBCASE("a ban, as the remote's last message comes") {
    remote.send(remote_version());
    world.run();
    caf::anon_send(world.dialer,
                   bans_changed{{{host_of(silent), now, now + 1'000, {}}}, {}});
    remote.send(wire::verack{});
    world.run();
    left = 1; // the other one
  }
  SUBCASE("setnetworkactive false, and all are dialed again when it is back") {
    caf::anon_send(world.dialer, set_network_active{false});
    world.run();
    CHECK(world.in_flight() == 0);
    CHECK(remote.saw_end());
    world.pass(60s);
    CHECK(world.dialed.size() == 1);
    caf::anon_send(world.dialer, set_network_active{true});
    world.pass(1s);
    CHECK(world.dialed.size() == 2);
    CHECK(world.in_flight() == 2);
    caf::anon_send(world.dialer, set_network_active{false});
    world.run();
  }
  SUBCASE("disconnectnode") {
    CHECK(*world.answer_to<bool>(world.dialer, disconnect_peer{0, hanging}));
    CHECK(*world.answer_to<bool>(world.dialer, disconnect_peer{shown()[0].info.id, {}}));
    CHECK_FALSE(*world.answer_to<bool>(world.dialer, disconnect_peer{0, hanging}));
  }
  SUBCASE("addnode remove") {
    CHECK(*world.answer_to<bool>(world.dialer, remove_manual_peer{to_string(hanging)}));
    CHECK(*world.answer_to<bool>(world.dialer, remove_manual_peer{to_string(silent)}));
    world.pass(60s);
    CHECK(world.dialed.size() == 1);
  }
  SUBCASE("a stop") {
    caf::anon_send_exit(world.dialer, caf::exit_reason::user_shutdown);
    world.run();
    CHECK(remote.saw_end());
    CHECK(world.sockets->dials_in_flight() == 0);
    return;
  }
  CHECK(remote.saw_end());
  CHECK(world.in_flight() == left);
  CHECK(world.sockets->dials_in_flight() == left);
  CHECK(world.connected() == 0);
}

TEST_CASE("an address that is banned is not dialed, even on request") {
  dialing_world world{with_target(5)};
  world.add_live(world.address(0));
  world.start();
  const auto now = world.context->wall.now();
  caf::anon_send(world.dialer,
                 bans_changed{{{host_of(world.address(0)), now, now + 1'000, {}}}, {}});
  world.run();
  CHECK_FALSE(*world.answer_to<bool>(world.dialer, dial_once{world.address(0)}));
  CHECK(world.dialed.empty());
}

TEST_CASE("an address that turns out to be ourselves is not dialed again") {
  dialing_world world{with_target(5)};
  const auto own = world.address(0);
  std::uint64_t nonce = 0;
  world.sockets->add_scripted(own, [&](memory_remote_ptr end) {
    world.dialed.push_back(own);
    world.remotes.emplace_back(
      own, scripted_remote{std::move(end), world.context->network.magic});
    ++world.answered;
  });
  auto accepting_side_finds_out = [&](bool hangs_up) {
    auto& remote = world.remotes.back().second;
    for (const auto& x : remote.take())
      if (const auto* version = std::get_if<wire::version>(&x))
        nonce = version->nonce;
    REQUIRE(nonce != 0);
    if (hangs_up) { // as it does before it has said anything
      CHECK(world.context->nonces.meet(nonce));
      remote.close();
    } else {
      remote.send(remote_version(nonce));
    }
    world.run();
  };
  auto failures = [&] {
    return world.answer_to<attempt_counts>(world.dialer, get_attempt_counts{})
      ->failures[static_cast<std::size_t>(peer_exit::self_connection)];
  };
  SUBCASE("told by the book") {
    world.script->offers = {own};
    world.start();
    world.advance(1s);
    accepting_side_finds_out(true);
    CHECK(world.script->ended.at(own) == dial_ended::outcome::own);
    world.script->offers = {own};
    world.pass(200s);
    CHECK(world.script->offers.empty()); // it was offered again
  }
  SUBCASE("manual") {
    world.start();
    CHECK(*world.answer_to<bool>(world.dialer, add_manual_peer{own}));
    accepting_side_finds_out(false);
    world.pass(200s);
    CHECK(*world.answer_to<bool>(world.dialer, remove_manual_peer{to_string(own)}));
    CHECK(*world.answer_to<bool>(world.dialer, add_manual_peer{own}));
    world.pass(10s);
  }
  SUBCASE("tried once") {
    world.start();
    CHECK(*world.answer_to<bool>(world.dialer, dial_once{own}));
    accepting_side_finds_out(true);
  }
  CHECK(failures() == 1);
  CHECK_FALSE(*world.answer_to<bool>(world.dialer, dial_once{own}));
  auto why = world.answer_to<obstacles>(world.dialer, explain_dial{own});
  CHECK(std::ranges::count(why->entries, "own_address", &obstacle::kind) == 1);
  CHECK(world.dialed.size() == 1);
}

TEST_CASE("whynot tells all that stands in the way of a dial, and until when") {
  auto options = with_target(1);
  const auto own = ipv4_endpoint(50, 1, 1, 1, 8333);
  options.limits.own = {own};
  dialing_world world{std::move(options)};
  auto kinds = [&](const endpoint& remote) {
    auto answer = world.ask<obstacles>(world.dialer, explain_dial{remote});
    world.run();
    std::vector<std::string> result;
    for (const auto& x : answer->value->entries)
      result.push_back(x.kind);
    return result;
  };
  using list = std::vector<std::string>;
  world.add_live(world.address(0));
  world.script->offers = {world.address(0)};
  CHECK(kinds(world.address(1)) == list{});
  world.start();
  CHECK(kinds(world.address(0)).front() == "already_dialing");
  world.pass(1s);
  CHECK(kinds(world.address(0)) ==
        list{"already_connected", "outbound_limit", "group_taken", "address_limit"});
  CHECK(kinds(world.address(1)) == list{"outbound_limit"});
  CHECK(kinds(own) == list{"own_address", "outbound_limit"});
  CHECK(kinds(ipv4_endpoint(10, 1, 1, 1, 8333)) ==
        list{"not_routable", "outbound_limit"});
  caf::anon_send(world.dialer,
                 add_manual_peer{world.address(2)}); // refused, so it has to wait
  world.pass(1s);
  CHECK(kinds(world.address(2)) == list{"backoff"});
  caf::anon_send(world.dialer, set_network_active{false});
  CHECK(kinds(world.address(1)) == list{"network_inactive", "outbound_limit"});
}

TEST_CASE("an added peer is on the disk before the answer, and comes back in its words") {
  simulation world;
  temporary_directory directory;
  dialer_options options;
  options.directory = directory.path();
  options.saver = world.system.spawn(saver, system_disk());
  options.manual = {ipv4_endpoint(10, 0, 0, 1, 1)};
  options.added = {{"10.0.0.2", ipv4_endpoint(10, 0, 0, 2, 18444), false}};
  dialer_actor dialing;
  auto start_dialer = [&] {
    dialing = world.system.spawn(dialer, world.context, options);
    world.run();
  };
  auto kill = [&] {
    caf::anon_send_exit(dialing, caf::exit_reason::kill);
    dialing = nullptr;
    world.run();
  };
  auto listed = [&] {
    std::vector<std::string> result;
    const auto found = *world.answer_to<manual_peers>(dialing, get_manual_peers{});
    for (const auto& x : found.entries)
      result.push_back(x.text);
    return result;
  };
  auto add = [&](const char* text, const endpoint& remote) {
    return *world.answer_to<bool>(dialing, add_manual_peer{remote, text});
  };
  auto remove = [&](const char* text) {
    return *world.answer_to<bool>(dialing, remove_manual_peer{text});
  };
  using list = std::vector<std::string>;

  start_dialer();
  CHECK(listed() == list{"10.0.0.2"}); // and not the manual one
  CHECK(add("10.0.0.3", ipv4_endpoint(10, 0, 0, 3, 18444)));
  CHECK(add("10.0.0.4:5", ipv4_endpoint(10, 0, 0, 4, 5)));
  CHECK(add("10.0.0.1:1", ipv4_endpoint(10, 0, 0, 1, 1)));
  CHECK_FALSE(add("10.0.0.3:18444", ipv4_endpoint(10, 0, 0, 3, 18444)));
  CHECK(remove("10.0.0.4:5"));
  CHECK_FALSE(remove("10.0.0.4:5"));
  CHECK_FALSE(remove("10.0.0.3:18444"));
  kill();
  start_dialer();
  CHECK(listed() == list{"10.0.0.3", "10.0.0.1:1", "10.0.0.2"});
  CHECK(remove("10.0.0.3"));
  CHECK(remove("10.0.0.2")); // for this run
  caf::anon_send_exit(dialing, caf::exit_reason::user_shutdown);
  dialing = nullptr;
  world.run();
  options.added.clear();
  start_dialer();
  CHECK(listed() == list{"10.0.0.1:1"});
  kill();
  caf::anon_send_exit(options.saver, caf::exit_reason::kill);
  options.saver = nullptr;
}

TEST_CASE("I15: a restart does not dial at once what has just failed") {
  temporary_directory directory;
  dialing_world world;
  auto options = with_target(5);
  options.directory = directory.path();
  options.saver = world.system.spawn(saver, system_disk());
  auto restart = [&] {
    caf::anon_send_exit(world.dialer, caf::exit_reason::user_shutdown);
    world.run();
    world.dialer = world.system.spawn(dialer, world.context, options);
    world.script->offers = {world.address(1)}; // which refuses
    world.start();
  };
  restart();
  world.pass(1s);
  CHECK(world.sockets->dials_started() == 1);
  restart();
  world.pass(10s);
  CHECK(world.script->offers.empty());
  CHECK(world.sockets->dials_started() == 1);
  world.pass(3min);
  world.script->offers = {world.address(1)};
  world.pass(2min);
  CHECK(world.sockets->dials_started() == 2);
  caf::anon_send_exit(options.saver, caf::exit_reason::kill);
}

TEST_CASE(
  "a dial that a person asks for is refused with the reason if it is out of reach") {
  auto options = with_target(5);
  options.limits.reach = dial_reach::home;
  options.manual = {dialing_world::address(3)};
  dialing_world world{std::move(options)};
  world.add_live(world.address(0));
  world.start();
  for (const auto& nobody : {world.address(0), ipv4_endpoint(224, 0, 0, 1, 1)}) {
    auto once = world.ask<bool>(world.dialer, dial_once{nobody});
    auto always = world.ask<bool>(world.dialer, add_manual_peer{nobody, "stranger"});
    world.run();
    REQUIRE(once->failure);
    CHECK(text_of(*once->failure).find("is not dialed: it ") != std::string::npos);
    CHECK(always->failure);
  }
  CHECK(world.answer_to<manual_peers>(world.dialer, get_manual_peers{})->entries.empty());
  world.pass(10s);
  CHECK(world.sockets->dials_started() == 0);
}

TEST_CASE("who waits for the peer of a dial hears of its failure") {
  dialing_world world{with_target(5)};
  const auto nobody = world.address(0); // refused at once
  world.start();
  auto wait_for_it = [&] {
    wait_for_peers what;
    what.what = wait_for_peers::condition::ready;
    what.who.address = nobody;
    what.timeout = 30s;
    auto answer = world.ask<peers_waited_for>(world.set, what);
    world.run();
    return answer;
  };
  CHECK(*world.answer_to<bool>(world.dialer, dial_once{nobody}));
  auto once = wait_for_it();
  REQUIRE(once->value);
  CHECK(once->value->hopeless);
  CHECK(once->value->dial_failure == peer_exit::connect_refused);
  // It is dialed again and again: its peer may come at any time.
  CHECK(*world.answer_to<bool>(world.dialer, add_manual_peer{nobody, {}}));
  auto manual = wait_for_it();
  world.pass(5s);
  CHECK(manual->replies == 0);
  world.add_live(nobody);
  world.pass(10s);
  REQUIRE(manual->value);
  CHECK(manual->value->met);
}

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
