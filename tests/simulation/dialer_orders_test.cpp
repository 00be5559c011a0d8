// SPDX-License-Identifier: MIT
#include "actors/interfaces/broadcasts.hpp"
#include "actors/interfaces/peer.hpp"
#include "actors/storage/saver.hpp"
#include "tests/simulation/dialing_world.hpp"
#include "tests/support/temporary_directory.hpp"

#include <algorithm>

/// The DIALER does what it is told: bans, people and restarts end dials, add and remove
/// peers, and ask why there is no dial.
using namespace peerage;
using namespace peerage::test;

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
