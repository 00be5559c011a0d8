// SPDX-License-Identifier: MIT
#include "actors/bans/ban_manager.hpp"
#include "actors/interfaces/bans.hpp"
#include "actors/interfaces/broadcasts.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "actors/interfaces/storage.hpp"
#include "actors/storage/saver.hpp"
#include "actors/storage/state_file.hpp"
#include "actors/storage/system_disk.hpp"
#include "messages/ban.hpp"
#include "tests/simulation/actor_world.hpp"
#include "tests/simulation/slow_saver.hpp"
#include "tests/support/endpoints.hpp"
#include "tests/support/temporary_directory.hpp"

#include <algorithm>
#include <fstream>

/// BAN_MANAGER alone: misbehaviour, bans, and that both survive.
using namespace peerage;
using namespace peerage::test;

namespace {

namespace fs = std::filesystem;

/// BAN_MANAGER's messages to other actors.
struct told {
  std::vector<bans_changed> changes;
  std::vector<end_peer> ended;
  std::vector<end_peers_in> ended_in;
};

using listening_actor =
  caf::typed_actor<caf::reacts_to<bans_changed>, caf::reacts_to<end_peer>,
                   caf::reacts_to<end_peers_in>>;

listening_actor::behavior_type take_note(listening_actor::pointer,
                                         std::shared_ptr<told> notes) {
  return {
    [notes](const bans_changed& x) { notes->changes.push_back(x); },
    [notes](const end_peer& x) { notes->ended.push_back(x); },
    [notes](const end_peers_in& x) { notes->ended_in.push_back(x); },
  };
}

struct judging_node : actor_world<ban_manager_actor> {
  explicit judging_node(ban_manager_options options = {}) {
    set_wall_clock(1'700'000'000);
    if (!options.directory.empty() && !options.saver)
      options.saver = system.spawn(saver, system_disk());
    listening = system.spawn(take_note, notes);
    keeper = system.spawn(ban_manager, context, options);
    caf::anon_send(keeper, attach_ban_users{{listening}, listening});
    run();
  }
  ~judging_node() { stop(); }

  void stop() {
    if (keeper)
      caf::anon_send_exit(keeper, caf::exit_reason::user_shutdown);
    keeper = nullptr;
    listening = nullptr;
    run();
  }

  template <class Request>
  caf::error failure_of(Request x) {
    auto question = ask<std::uint8_t>(keeper, std::move(x));
    run();
    REQUIRE(question->failure);
    return *question->failure;
  }

  std::vector<ban> all_bans() { return answer<bans>(get_bans{}).entries; }
  double score(const endpoint& x) { return answer<double>(get_score{x}); }
  ban_result change(const set_ban& x) {
    return static_cast<ban_result>(answer<std::uint8_t>(x));
  }
  ban_result change(const lift_ban& x) {
    return static_cast<ban_result>(answer<std::uint8_t>(x));
  }

  /// In one step, where nothing happens in between.
  void jump(std::chrono::seconds time) {
    scheduler().advance_time(time);
    run();
  }

  std::shared_ptr<told> notes = std::make_shared<told>();
  listening_actor listening;
  ban_manager_actor& keeper = subject;
};

peer_info peer(peer_id id, const endpoint& remote) {
  peer_info result;
  result.id = id;
  result.remote = remote;
  return result;
}

} // namespace

// -- misbehaviour ----------------------------------------------------------------------

TEST_CASE("points add up to a ban of one day that all are told of") {
  judging_node node;
  const auto remote = at("50.1.1.1:8333");
  for (int i = 0; i < 3; ++i)
    node.tell(report_misbehaviour{remote, misbehaviour::broken_rule});
  CHECK(node.score(remote) == 75);
  CHECK(node.all_bans().empty());
  node.tell(report_misbehaviour{remote.with_port(7), misbehaviour::broken_rule});

  const ban expected{host_of(remote), node.unix_now(), node.unix_now() + 86'400,
                     misbehaviour::broken_rule};
  CHECK(node.all_bans() == std::vector{expected});
  REQUIRE(node.notes->changes.size() == 2); // the first one is what was loaded
  CHECK(node.notes->changes[1].added == std::vector{expected});
  CHECK(node.notes->changes[1].lifted.empty());
  REQUIRE(node.notes->ended_in.size() == 1);
  CHECK(node.notes->ended_in[0].range == host_of(remote));
  CHECK(node.notes->ended_in[0].reason == peer_exit::banned);
  CHECK(node.notes->ended.empty());

  node.jump(86'399s);
  CHECK(node.all_bans().size() == 1);
  node.jump(1s);
  CHECK(node.all_bans().empty());
}

TEST_CASE("how a peer left counts against its host; for IPv6, against its /64") {
  judging_node node;
  const auto remote = at("[2600:1:2:3::1]:8333");
  node.tell(peer_left{peer(1, remote), peer_exit::remote_closed});
  CHECK(node.score(remote) == 0);
  node.tell(peer_left{peer(2, remote), peer_exit::ping_timeout});
  CHECK(node.score(at("[2600:1:2:3::2]:1")) == 5);
  CHECK(node.score(at("[2600:1:2:4::1]:1")) == 0);
  node.tell(peer_left{peer(3, remote), peer_exit::too_many_entries});
  REQUIRE(node.all_bans().size() == 1);
  CHECK(node.all_bans()[0].range == range("2600:1:2:3::/64"));
}

TEST_CASE("points fade: half of them are gone after an hour") {
  judging_node node;
  const auto remote = at("50.1.1.1:8333");
  for (int hour = 0; hour < 48; ++hour) {
    node.tell(report_misbehaviour{remote, misbehaviour::broken_rule});
    node.jump(3'600s);
  }
  CHECK(node.score(remote) == doctest::Approx(25));
  CHECK(node.all_bans().empty());
}

TEST_CASE("manual peers are exempt from what a bad line brings about, and only that") {
  ban_manager_options options;
  options.manual = {at("50.1.1.1:8333")};
  judging_node node{options};
  for (int i = 0; i < 50; ++i) {
    node.tell(peer_left{peer(1, at("50.1.1.1:8333")), peer_exit::ping_timeout});
    node.tell(peer_left{peer(1, at("50.1.1.1:999")), peer_exit::handshake_timeout});
  }
  CHECK(node.score(at("50.1.1.1:8333")) == 0);
  node.tell(report_misbehaviour{at("50.1.1.1:8333"), misbehaviour::invalid_data});
  CHECK(node.all_bans().size() == 1);

  for (int i = 0; i < 20; ++i) // another peer is not exempt
    node.tell(peer_left{peer(1, at("50.1.1.2:8333")), peer_exit::ping_timeout});
  CHECK(node.all_bans().size() == 2);
}

TEST_CASE("where an address stands for many, each connection has points of its own") {
  ban_manager_options options;
  options.shared = {range("50.9.0.0/16"), range("2600:9::/32")};
  judging_node node{options};
  peer_id next = 0;
  for (auto host : {"127.0.0.1", "127.9.9.9", "::1", "50.9.1.1", "2600:9::1"}) {
    CAPTURE(host);
    const auto bad = at(host).with_port(1), worse = at(host).with_port(2),
               good = at(host).with_port(3);
    const auto first = next + 1;
    for (const auto& x : {bad, worse, good})
      node.tell(peer_joined{peer(++next, x)});
    const auto ended = node.notes->ended.size();
    for (int i = 0; i < 3; ++i)
      for (const auto& x : {bad, worse})
        node.tell(report_misbehaviour{x, misbehaviour::broken_rule});
    node.tell(report_misbehaviour{good, misbehaviour::broken_rule});
    CHECK(node.score(bad) == 75);
    CHECK(node.score(good) == 25);
    CHECK(node.answer<suspects>(find_suspects{{bad, worse, good}}).remotes ==
          std::vector{bad, worse});
    CHECK(node.notes->ended.size() == ended);
    node.tell(report_misbehaviour{worse, misbehaviour::broken_rule});
    REQUIRE(node.notes->ended.size() == ended + 1);
    CHECK(node.notes->ended.back().peer == first + 1);
    // The next one with that port is another one.
    node.tell(peer_left{peer(first + 1, worse), peer_exit::banned});
    node.tell(peer_left{peer(first, bad), peer_exit::too_many_entries});
    CHECK(node.score(worse) == 0);
    CHECK(node.score(bad) == 0);
    // A remote that never became a peer leaves nothing behind.
    node.tell(report_misbehaviour{bad, misbehaviour::invalid_data});
    CHECK(node.score(bad) == 0);
    CHECK(node.score(good) == 25);
  }
  CHECK(node.all_bans().empty());
  CHECK(node.notes->ended_in.empty());
}

TEST_CASE("a manual peer behind a shared address is no surety for the others there") {
  ban_manager_options options;
  options.manual = {at("127.0.0.1:8333")};
  judging_node node{options};
  const auto named = at("127.0.0.1:8333"), other = at("127.0.0.1:999");
  node.tell(peer_joined{peer(1, named)});
  node.tell(peer_joined{peer(2, other)});
  for (const auto& x : {named, other})
    node.tell(report_misbehaviour{x, misbehaviour::bad_checksum});
  CHECK(node.score(named) == 0);
  CHECK(node.score(other) > 0);
}

TEST_CASE("link-local: a host answers for itself, and not for its link") {
  judging_node node;
  auto remote = at("[fe80::1]:1");
  remote.zone = 7;
  node.tell(report_misbehaviour{remote, misbehaviour::invalid_data});
  REQUIRE(node.all_bans().size() == 1);
  CHECK(node.all_bans()[0].range == host_of(remote));
  CHECK(node.score(at("[fe80::2]:1")) == 0);
}

TEST_CASE("on loopback only the one peer is ended, and all begin anew") {
  judging_node node;
  const auto bad = at("127.0.0.1:1"), good = at("127.0.0.1:2");
  node.tell(peer_joined{peer(1, bad)});
  node.tell(peer_joined{peer(2, good)});
  node.tell(report_misbehaviour{bad, misbehaviour::invalid_data});
  CHECK(node.all_bans().empty());
  CHECK(node.notes->ended_in.empty());
  REQUIRE(node.notes->ended.size() == 1);
  CHECK(node.notes->ended[0].peer == 1);
  node.tell(report_misbehaviour{good, misbehaviour::malformed});
  CHECK(node.notes->ended.size() == 1);
  // A peer that is gone is not ended again.
  node.tell(peer_left{peer(1, bad), peer_exit::banned});
  node.tell(report_misbehaviour{bad, misbehaviour::invalid_data});
  CHECK(node.notes->ended.size() == 1);
}

TEST_CASE("a burst of damaged messages is one misbehaviour; to go on is more") {
  judging_node node;
  const auto bursting = at("50.1.1.1:8333");
  node.tell(report_misbehaviour{bursting, misbehaviour::malformed, 1'000'000'000});
  CHECK(node.score(bursting) == doctest::Approx(2));
  const auto raging = at("50.1.1.2:8333");
  for (int second = 0; second < 60; ++second) {
    CHECK(node.all_bans().empty() == (second < 50));
    node.tell(report_misbehaviour{raging, misbehaviour::malformed, 1});
  }
  CHECK(node.all_bans().size() == 1);
}

TEST_CASE("a host with half the points of a ban is a suspect, until they fade") {
  judging_node node;
  const auto bad = at("50.1.1.1:8333"), better = at("50.1.1.2:8333");
  node.tell(report_misbehaviour{bad, misbehaviour::broken_rule});
  node.tell(report_misbehaviour{bad, misbehaviour::broken_rule});
  node.tell(report_misbehaviour{better, misbehaviour::broken_rule});
  const find_suspects all{{bad, better, at("50.1.1.3:8333")}};
  CHECK(node.answer<suspects>(all).remotes == std::vector{bad});
  node.jump(1h);
  CHECK(node.answer<suspects>(all).remotes.empty());
}

// -- bans of people --------------------------------------------------------------------

TEST_CASE("people ban ranges for a while, until a time, or for a day") {
  judging_node node;
  const auto now = node.unix_now();
  CHECK(node.change(set_ban{range("50.1.0.0/16"), 60}) == ban_result::done);
  CHECK(node.change(set_ban{range("50.2.0.0/16"), now + 70, true}) == ban_result::done);
  CHECK(node.change(set_ban{range("50.3.0.0/16")}) == ban_result::done);
  CHECK(node.change(set_ban{range("127.0.0.1")}) == ban_result::done); // loopback, too
  CHECK(node.change(set_ban{range("50.3.0.0/16")}) == ban_result::already_banned);
  CHECK(node.change(set_ban{range("50.4.0.0/16"), now, true}) ==
        ban_result::time_in_past);
  CHECK(node.notes->ended_in.size() == 4);
  CHECK(node.notes->changes.size() == 5);
  const auto all = node.all_bans();
  REQUIRE(all.size() == 4);
  CHECK(all[0].until == now + 60);
  CHECK(all[1].until == now + 70);
  CHECK(all[2].until == now + 86'400);
  CHECK(all[0].is_manual());
  node.jump(60s);
  CHECK(node.all_bans().size() == 3);
  node.jump(10s);
  CHECK(node.all_bans().size() == 2);
}

TEST_CASE("a banned peer that joins all the same is ended") {
  judging_node node;
  node.change(set_ban{range("50.1.0.0/16"), 60});
  node.tell(peer_joined{peer(7, at("50.1.1.1:1"))});
  node.tell(peer_joined{peer(8, at("50.2.1.1:1"))});
  REQUIRE(node.notes->ended.size() == 1);
  CHECK(node.notes->ended[0].peer == 7);
  CHECK(node.notes->ended[0].reason == peer_exit::banned);
}

TEST_CASE("a lifted ban is forgotten, with what led to it") {
  judging_node node;
  const auto remote = at("50.1.1.1:1");
  node.tell(report_misbehaviour{remote, misbehaviour::invalid_data});
  CHECK(node.change(lift_ban{range("50.1.1.0/24")}) == ban_result::not_banned);
  CHECK(node.change(lift_ban{host_of(remote)}) == ban_result::done);
  CHECK(node.notes->changes.back().lifted == std::vector{host_of(remote)});
  CHECK(node.score(remote) == 0);
  CHECK(node.all_bans().empty());

  node.change(set_ban{range("50.1.0.0/16")});
  node.tell(report_misbehaviour{remote, misbehaviour::invalid_data});
  node.tell(clear_bans{});
  CHECK(node.all_bans().empty());
  CHECK(node.notes->changes.back().lifted.size() == 2);
  CHECK(node.score(remote) == 0);
}

TEST_CASE("a ban for ever neither overflows nor spins") {
  judging_node node;
  constexpr auto for_ever = std::numeric_limits<std::int64_t>::max();
  CHECK(node.change(set_ban{range("50.1.0.0/16"), for_ever}) == ban_result::done);
  CHECK(node.change(set_ban{range("50.2.0.0/16"), for_ever, true}) == ban_result::done);
  // Too long for nanoseconds.
  CHECK(node.change(set_ban{range("50.3.0.0/16"), 10'000'000'000}) == ban_result::done);
  const auto& clock = node.scheduler().clock();
  REQUIRE_FALSE(clock.schedule().empty());
  CHECK(clock.schedule().begin()->first > clock.now());
  for (int day = 0; day < 30; ++day)
    node.jump(86'400s);
  CHECK(node.all_bans().size() == 3);
}

// -- what is saved ---------------------------------------------------------------------

TEST_CASE("a restart keeps bans and scores") {
  temporary_directory directory;
  ban_manager_options options;
  options.directory = directory.path();
  const auto banned = at("50.1.1.1:1"), noted = at("[2600:1:2:3::1]:1");
  std::vector<ban> before;
  {
    judging_node node{options};
    CHECK(node.notes->changes.size() == 1);
    CHECK(node.notes->changes[0].added.empty());
    node.change(set_ban{range("50.2.0.0/16"), 3'600});
    node.tell(report_misbehaviour{banned, misbehaviour::invalid_data});
    node.tell(report_misbehaviour{noted, misbehaviour::broken_rule});
    before = node.all_bans();
    CHECK(before.size() == 2);
  }
  judging_node node{options};
  CHECK(node.all_bans() == before);
  CHECK(node.score(banned) == doctest::Approx(100).epsilon(0.01));
  CHECK(node.score(noted) == doctest::Approx(25).epsilon(0.01));
  REQUIRE(node.notes->changes.size() == 1);
  CHECK(node.notes->changes[0].added == before);
}

TEST_CASE("bans are kept at once, scores after a while") {
  temporary_directory directory;
  ban_manager_options options;
  options.directory = directory.path();
  judging_node node{options};
  const auto path = directory.path() / "standing.json";
  auto saved = [&](const char* list) {
    auto found = load_state_file(*system_disk(), path, "standing", 1);
    return found.body ? found.body->at(list).size() : 0;
  };
  CHECK_FALSE(fs::exists(path));
  node.tell(report_misbehaviour{at("50.1.1.1:1"), misbehaviour::broken_rule});
  node.jump(save_interval - 1s);
  CHECK_FALSE(fs::exists(path));
  node.jump(1s);
  CHECK(saved("scores") == 1);
  auto changes = [&] {
    return load_state_file(*system_disk(), path, "standing", 1).changes;
  };
  node.change(set_ban{range("50.2.0.0/16"), 90});
  REQUIRE(changes().size() == 1);
  CHECK(changes()[0].at("banned").at("range") == "50.2.0.0/16");
  node.change(lift_ban{range("50.2.0.0/16")});
  REQUIRE(changes().size() == 2);
  CHECK(changes()[1].at("lifted") == "50.2.0.0/16");
  node.change(set_ban{range("50.3.0.0/16"), 9'000});
  node.jump(save_interval);
  CHECK(changes().empty()); // all in one file again
  CHECK(saved("bans") == 1);
  // Unchanged state is not written again.
  fs::remove(path);
  fs::remove(path.string() + ".previous");
  node.jump(10 * save_interval);
  CHECK_FALSE(fs::exists(path));
  node.tell(report_misbehaviour{at("50.1.1.2:1"), misbehaviour::broken_rule});
  node.stop();
  CHECK(saved("scores") == 2);
}

TEST_CASE("a ban on a link that is gone after the restart holds on every link") {
  temporary_directory directory;
  ban_manager_options options;
  options.directory = directory.path();
  const auto until = 1'800'000'000;
  const nlohmann::json body{{"bans",
                             {{{"range", "fe80::7%gone0/128"},
                               {"created", 1},
                               {"until", until},
                               {"cause", "manual"}}}}};
  REQUIRE_FALSE(save_state_file(*system_disk(), directory.path() / "standing.json",
                                "standing", 1, body));
  judging_node node{options};
  REQUIRE(node.all_bans().size() == 1);
  CHECK(node.all_bans()[0].range == range("fe80::7"));
}

TEST_CASE("one save at a time, and the last one is waited for") {
  temporary_directory directory;
  auto disk = std::make_shared<slow_disk>();
  judging_node node;
  node.stop(); // its BAN_MANAGER saves nothing; the next one does
  auto slow = node.system.spawn(slow_saver, disk);
  ban_manager_options options;
  options.directory = directory.path();
  options.saver = slow;
  node.keeper = node.system.spawn(ban_manager, node.context, options);
  const auto address = node.keeper.address();
  auto ban = [&](std::uint8_t last) {
    node.tell(set_ban{host_of(ipv4_endpoint(50, 1, 1, last, 1))});
  };
  ban(1);
  node.jump(save_interval);
  for (std::uint8_t i = 2; i <= 5; ++i) {
    ban(i);
    node.jump(save_interval);
  }
  REQUIRE(disk->asked.size() == 1);
  CHECK(disk->asked[0].body.at("bans").size() == 1);
  caf::anon_send(slow, std::string{});
  node.run();
  REQUIRE(disk->asked.size() == 2);
  CHECK(disk->asked[1].body.at("bans").size() == 5);
  CHECK(disk->asked[1].body.at("last_record") == 5);

  ban(6);
  CHECK(disk->kept.size() == 6);
  node.stop(); // drops the handle, too
  CHECK(caf::actor_cast<caf::actor>(address));
  caf::anon_send(slow, std::string("the disk is full"));
  node.run();
  REQUIRE(disk->asked.size() == 3);
  CHECK(disk->asked[2].body.at("bans").size() == 6);
  CHECK(caf::actor_cast<caf::actor>(address));
  caf::anon_send(slow, std::string{});
  node.run();
  CHECK_FALSE(caf::actor_cast<caf::actor>(address));
  CHECK(disk->asked.size() == 3);
}

TEST_CASE("what could not be saved is saved before anything else is called saved") {
  temporary_directory directory;
  auto disk = std::make_shared<slow_disk>();
  judging_node node;
  node.stop();
  auto slow = node.system.spawn(slow_saver, disk);
  ban_manager_options options;
  options.directory = directory.path();
  options.saver = slow;
  node.keeper = node.system.spawn(ban_manager, node.context, options);
  auto answer = [&](std::string with) {
    caf::anon_send(slow, std::move(with));
    node.run();
  };
  auto ban = [&](const char* what) {
    auto asked = node.ask<std::uint8_t>(node.keeper, set_ban{range(what)});
    node.run();
    return asked;
  };
  auto saved = [&] {
    REQUIRE(!disk->asked.empty());
    return disk->asked.back().body.at("bans").size();
  };
  auto first = ban("50.1.0.0/16");
  answer("the disk is full");
  CHECK(first->failure);
  // A record alone would be kept on the ground that the first one is.
  auto second = ban("50.2.0.0/16");
  CHECK(disk->kept.size() == 1);
  REQUIRE(disk->asked.size() == 1);
  CHECK(saved() == 2);
  CHECK(!second->value);
  // Later changes need the next save, and if that fails, the ones after it as well.
  auto third = ban("50.3.0.0/16");
  CHECK(disk->asked.size() == 1);
  answer("");
  CHECK(second->value);
  CHECK(!third->value);
  REQUIRE(disk->asked.size() == 2);
  CHECK(saved() == 3);
  answer("");
  CHECK(third->value);
  // From then on records are enough again.
  auto fourth = ban("50.4.0.0/16"), fifth = ban("50.5.0.0/16");
  CHECK(disk->kept.size() == 3);
  CHECK(disk->asked.size() == 2);
  // The one before it fails while it is on its way.
  disk->failing = 1;
  answer("");
  CHECK(fourth->failure);
  CHECK(!fifth->value);
  REQUIRE(disk->asked.size() == 3);
  CHECK(saved() == 5);
  answer("still full");
  CHECK(fifth->failure);
  auto sixth = ban("50.6.0.0/16");
  REQUIRE(disk->asked.size() == 4);
  answer("");
  CHECK(sixth->value);
  node.stop();
  answer("");
}

TEST_CASE("a failing disk and a saver that is gone stop nothing") {
  temporary_directory directory;
  ban_manager_options options;
  options.directory = directory.path() / "missing";
  judging_node node{options};
  const set_ban wanted{range("50.2.0.0/16")};
  CHECK(text_of(node.failure_of(wanted)).find("No such file") != std::string::npos);
  CHECK(node.all_bans().size() == 1); // in force all the same
  CHECK(text_of(node.failure_of(wanted)).find("No such file") != std::string::npos);
  CHECK(text_of(node.failure_of(clear_bans{})).find("lifted") != std::string::npos);
  CHECK(node.all_bans().empty());
  CHECK(node.failure_of(wanted));
  fs::create_directory(options.directory);
  CHECK(node.change(wanted) == ban_result::done); // now it is
  CHECK(node.change(wanted) == ban_result::already_banned);
  node.jump(save_interval); // it is tried again
  CHECK(fs::exists(options.directory / "standing.json"));

  options.saver = node.system.spawn(saver, system_disk());
  caf::anon_send_exit(options.saver, caf::exit_reason::kill);
  node.stop();
  node.keeper = node.system.spawn(ban_manager, node.context, options);
  CHECK(node.failure_of(set_ban{range("50.3.0.0/16")}));
  CHECK(node.all_bans().size() == 2);
  auto address = node.keeper.address();
  node.stop();
  CHECK_FALSE(caf::actor_cast<caf::actor>(address));
}

TEST_CASE("a damaged or strange file is no obstacle") {
  temporary_directory directory;
  ban_manager_options options;
  options.directory = directory.path();
  const auto path = directory.path() / "standing.json";
  using nlohmann::json;
  const json bodies[] = {
    json::array(),
    json("text"),
    {{"bans", 7}, {"scores", "x"}},
    {{"bans", {1, nullptr, "x", json::object(), {{"range", 5}}}}},
    {{"bans", {{{"range", "50.1.1.0/24"}, {"until", "soon"}, {"cause", "manual"}}}}},
    {{"bans", {{{"range", "50.1.1.0/24"}, {"until", 1e30}, {"cause", "manual"}}}}},
    {{"bans", {{{"range", "50.1.1.0/24"}, {"until", 1u << 31}, {"cause", "later"}}}}},
    {{"scores", {{{"host", "50.1.1.1"}, {"score", "x"}, {"at", 1}}, {{"host", 1}}}}},
  };
  for (const auto& body : bodies) {
    CAPTURE(body.dump());
    REQUIRE_FALSE(save_state_file(*system_disk(), path, "standing", 1, body));
    judging_node node{options};
    CHECK(node.all_bans().empty());
    CHECK(node.score(at("50.1.1.1:1")) == 0);
  }
  fs::remove(path.string() + ".previous");
  std::ofstream{path} << "nonsense";
  judging_node node{options};
  CHECK(node.all_bans().empty());
  CHECK(fs::exists(path.string() + ".damaged-1"));
  CHECK(node.change(set_ban{range("50.2.0.0/16")}) == ban_result::done);
  node.stop();
  CHECK(load_state_file(*system_disk(), path, "standing", 1).result ==
        loaded_state::outcome::loaded);
}
