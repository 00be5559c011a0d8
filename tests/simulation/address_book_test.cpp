// SPDX-License-Identifier: MIT
#include "actors/interfaces/addresses.hpp"
#include "actors/interfaces/bans.hpp"
#include "actors/interfaces/broadcasts.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "actors/interfaces/storage.hpp"
#include "messages/ban.hpp"
#include "messages/known_address.hpp"
#include "tests/simulation/actor_world.hpp"

#include "actors/addresses/address_book.hpp"
#include "actors/addresses/saved_addresses.hpp"
#include "actors/node/inbound_dispatcher.hpp"
#include "actors/storage/saver.hpp"
#include "messages/wire/addresses.hpp"
#include "tests/simulation/slow_saver.hpp"
#include "tests/support/temporary_directory.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

/// The ADDRESS_BOOK as its neighbours see it, and the way of peers' messages to it.
using namespace peerage;
using namespace peerage::test;

namespace {

constexpr unix_seconds start = 1'700'000'000;

/// The book's messages to other actors.
struct overheard {
  std::vector<tell_addresses> told;
  std::vector<report_misbehaviour> reports;
  int available = 0;
  int wanted = 0;
};

using neighbours_actor =
  caf::typed_actor<caf::reacts_to<tell_addresses>, caf::reacts_to<addresses_available>,
                   caf::reacts_to<crawl_wanted>, caf::reacts_to<report_misbehaviour>>;

neighbours_actor::behavior_type neighbours(neighbours_actor::pointer,
                                           std::shared_ptr<overheard> heard) {
  return {
    [heard](const tell_addresses& x) { heard->told.push_back(x); },
    [heard](addresses_available) { ++heard->available; },
    [heard](crawl_wanted) { ++heard->wanted; },
    [heard](const report_misbehaviour& x) { heard->reports.push_back(x); },
  };
}

wire::network_address address(const endpoint& where, unix_seconds time = start) {
  return wire::to_network_address(
    {static_cast<std::uint32_t>(time), {wire::node_network, where.ip, where.port}});
}

/// The n-th of many routable addresses in many networks.
endpoint stranger(std::size_t n) {
  const auto byte = [](std::size_t x) { return static_cast<std::uint8_t>(x); };
  return ipv4_endpoint(byte(20 + n % 60), byte(n / 60 % 256), byte(n / 15360), 7, 8333);
}

peer_info peer(peer_id id, peer_direction direction = peer_direction::outbound) {
  peer_info result;
  result.id = id;
  result.direction = direction;
  result.remote = ipv4_endpoint(100, static_cast<std::uint8_t>(id), 0, 1, 8333);
  result.local = ipv4_endpoint(5, 5, 5, 5, 8333);
  result.addrv2 = true;
  return result;
}

struct book_world : actor_world<address_book_actor> {
  explicit book_world(address_book_options options = {}) {
    set_wall_clock(start);
    heard = std::make_shared<overheard>();
    others = system.spawn(neighbours, heard);
    options.ban_manager = others;
    book = system.spawn(address_book, context, std::move(options));
    caf::anon_send(book,
                   attach_address_users{caf::actor_cast<tell_addresses_sink>(others),
                                        {caf::actor_cast<address_observer_actor>(others)},
                                        {caf::actor_cast<crawl_wanted_sink>(others)}});
    run();
  }

  ~book_world() {
    end_book();
    caf::anon_send_exit(others, caf::exit_reason::user_shutdown);
    run();
  }

  void end_book() {
    caf::anon_send_exit(book, caf::exit_reason::user_shutdown);
    run();
  }

  void join(peer_id id, peer_direction direction = peer_direction::outbound) {
    tell(peer_joined{peer(id, direction)});
  }

  std::uint64_t add(std::size_t first, std::size_t count) {
    add_addresses what{{}, std::nullopt};
    std::uint64_t added = 0;
    for (std::size_t i = first; i < first + count; ++i) {
      what.entries = {address(stranger(i))};
      what.source = stranger(i);
      added += answer<std::uint64_t>(what);
    }
    return added;
  }

  address_book_snapshot snapshot() {
    return answer<address_book_snapshot>(get_address_book_snapshot{});
  }

  std::optional<known_address> find(const endpoint& where) {
    const auto wanted = address(where);
    for (auto& x : answer<known_address_list>(get_known_addresses{}).entries)
      if (x.address.bytes == wanted.bytes && x.address.port == wanted.port)
        return x;
    return std::nullopt;
  }

  std::shared_ptr<overheard> heard;
  neighbours_actor others;
  address_book_actor& book = subject;
};

bans_changed banning(const endpoint& where, book_world& in) {
  return {{ban{host_of(where), in.unix_now(), in.unix_now() + 3600, std::nullopt}}, {}};
}

} // namespace

// -- gossip ----------------------------------------------------------------------------

TEST_CASE("news goes to exactly two other peers, once, and never back") {
  book_world test;
  for (peer_id id = 1; id <= 6; ++id)
    test.join(id);
  test.join(7, peer_direction::inbound); // has shown no interest in addresses
  test.tell(addresses_announced{1, {address(stranger(1), test.unix_now())}});
  CHECK(
    test.heard->told.empty()); // later, so that the time does not tell when we learned it
  test.pass(20min);
  REQUIRE(test.heard->told.size() == 2);
  std::set<peer_id> to;
  for (const auto& x : test.heard->told) {
    to.insert(x.peer);
    REQUIRE(x.what.entries.size() == 1);
    CHECK(x.what.entries[0].bytes == address(stranger(1)).bytes);
  }
  CHECK(to.size() == 2);
  CHECK(to.count(1) == 0);
  CHECK(to.count(7) == 0);
  test.tell(addresses_announced{1, {address(stranger(1), test.unix_now())}});
  test.pass(20min);
  CHECK(test.heard->told.size() == 2);
}

TEST_CASE("banned, own and private addresses, and those without a peer, are neither kept "
          "nor told") {
  address_book_options options;
  options.own = {stranger(1)};
  book_world test{options};
  for (peer_id id = 1; id <= 4; ++id)
    test.join(id);
  test.tell(banning(stranger(2), test));
  test.pass(60s);
  const auto now = test.unix_now();
  test.tell(addresses_announced{1, {address(stranger(1), now)}});
  test.tell(addresses_announced{1, {address(stranger(2), now)}});
  test.tell(addresses_announced{1, {address(ipv4_endpoint(192, 168, 0, 1, 8333), now)}});
  test.tell(addresses_announced{99, {address(stranger(4), now)}});
  test.pass(20min);
  CHECK(test.snapshot().total == 0);
  CHECK(test.heard->told.empty());
  CHECK(test.add(1, 2) == 0);
}

TEST_CASE("hearsay counts as seen two hours before, but not a peer's own address") {
  book_world test;
  test.join(1);
  test.pass(30s);
  test.tell(addresses_announced{1, {address(stranger(1), start)}});
  test.tell(addresses_announced{1, {address(peer(1).remote, start)}});
  REQUIRE(test.find(stranger(1)));
  CHECK(test.find(stranger(1))->address.time == start - 2 * 3600);
  CHECK(test.find(stranger(1))->source == peer(1).remote);
  REQUIRE(test.find(peer(1).remote));
  CHECK(test.find(peer(1).remote)->address.time == start);
}

TEST_CASE("what a peer tells before the set's word of it has come is not lost") {
  book_world test;
  test.tell(addresses_announced{1, {address(peer(1).remote, start)}});
  test.tell(addresses_announced{2, {address(stranger(1), start)}});
  CHECK(test.snapshot().total == 0);
  test.join(1);
  REQUIRE(test.find(peer(1).remote));
  CHECK(test.find(peer(1).remote)->address.time == start);
  CHECK_FALSE(test.find(stranger(1))); // of a peer that never joined
  // There is room for some only, and none for whole address books.
  std::vector<wire::network_address> many;
  for (std::size_t i = 0; i < 11; ++i)
    many.push_back(address(stranger(100 + i), start));
  test.tell(addresses_announced{3, many});
  test.join(3);
  CHECK(test.snapshot().total == 1);
  test.tell(addresses_announced{4, {address(stranger(2), start)}});
  for (peer_id id = 1'000; id < 1'064; ++id)
    test.tell(addresses_announced{id, {address(stranger(3), start)}});
  test.join(4);
  CHECK(test.snapshot().total == 1);
}

TEST_CASE("the ephemeral address of an inbound peer is not stored") {
  book_world test;
  test.join(1, peer_direction::inbound);
  test.tell(peer_left{peer(1, peer_direction::inbound), peer_exit::remote_closed});
  CHECK(test.snapshot().total == 0);
}

TEST_CASE("getaddr is answered from one sample of at most 23 percent") {
  book_world test;
  const auto total = test.add(0, 400);
  REQUIRE(total > 300);
  test.join(1, peer_direction::inbound);
  test.join(2, peer_direction::inbound);
  const auto first = test.answer<addresses>(serve_addresses{1}).entries;
  CHECK(first.size() == (total * 23 + 99) / 100);
  test.add(400, 100);
  CHECK(test.answer<addresses>(serve_addresses{2}).entries == first);
  CHECK(test.answer<addresses>(serve_addresses{3}).entries.empty());
  const auto remote = to_endpoint(first.front());
  REQUIRE(remote);
  test.tell(banning(*remote, test));
  CHECK(test.answer<addresses>(serve_addresses{2}).entries.size() == first.size() - 1);
  // A peer is not told again what it was told just now.
  test.join(3);
  auto known = first.back();
  known.time = static_cast<std::uint32_t>(test.unix_now());
  test.tell(addresses_announced{3, {known}});
  test.pass(20min);
  CHECK(test.heard->told.empty());
}

TEST_CASE("a flood of addresses leaves the book as it was") {
  book_world test;
  const auto honest = test.add(0, 300);
  test.join(1);
  for (std::size_t i = 0; i < 100; ++i) {
    addresses_announced flood{1, {}};
    for (std::size_t k = 0; k < 1'000; ++k)
      flood.entries.push_back(address(stranger(1'000 + 1'000 * i + k), start));
    test.tell(std::move(flood));
    test.pass(10s);
  }
  CHECK(test.snapshot().total <= honest + 1 + 100); // one at once, then 0.1 per second
  // Nearly 100,000 too many: as many reports as that is worth, and no more.
  CHECK(test.heard->reports.size() == (100'000 - 101) / reported_excess);
  for (const auto& x : test.heard->reports) {
    CHECK(x.remote == peer(1).remote);
    CHECK(x.cause == misbehaviour::address_flood);
    CHECK(x.count == 1);
  }
  // Answers to getaddr are paid for, but one source has little room.
  for (std::size_t i = 0; i < 60; ++i) {
    addresses_answered flood{{1, {}}};
    for (std::size_t k = 0; k < 1'000; ++k)
      flood.from.entries.push_back(address(stranger(200'000 + 1'000 * i + k), start));
    test.tell(std::move(flood));
  }
  CHECK(test.snapshot().total <=
        honest + 101 + new_buckets_per_source_group * slots_per_bucket);
  std::size_t left = 0;
  for (const auto& x : test.answer<known_address_list>(get_known_addresses{}).entries)
    left += x.source && to_endpoint(x.address) == x.source ? 1 : 0;
  CHECK(left == honest);
}

TEST_CASE("people see all addresses, others only those that are worth a dial") {
  book_world test;
  test.add(0, 20);
  auto count = [&](bool presentable) {
    return test.answer<known_address_list>(get_known_addresses{0, 0, presentable})
      .entries.size();
  };
  const auto all = count(false);
  CHECK(count(true) == all);
  test.advance(31 * 24h); // unheard of since
  CHECK(count(true) == 0);
  CHECK(count(false) == all);
}

// -- dialing ---------------------------------------------------------------------------

TEST_CASE("a candidate is given out once until its dial has ended") {
  book_world test;
  const auto total = test.add(0, 20);
  std::set<endpoint> given;
  for (const auto& x : test.answer<candidates>(get_candidates{100}).entries)
    CHECK(given.insert(x).second);
  CHECK(given.size() == total);
  CHECK(test.snapshot().pending == total);
  CHECK(test.answer<candidates>(get_candidates{1}).entries.empty());
  test.tell(dial_ended{*given.begin(), dial_ended::outcome::released, 0});
  CHECK(test.answer<candidates>(get_candidates{1}).entries.size() == 1);
}

TEST_CASE("after a short answer, observers are told when there is more") {
  book_world test;
  CHECK(test.answer<candidates>(get_candidates{5}).entries.empty());
  CHECK(test.heard->wanted == 1);
  CHECK(test.heard->available == 0);
  test.add(0, 3);
  CHECK(test.heard->available == 1); // once
  CHECK(test.answer<candidates>(get_candidates{2}).entries.size() == 2);
  CHECK(test.heard->wanted == 1);
  test.answer<candidates>(get_candidates{50, true});
  CHECK(test.heard->wanted == 1); // a feeler is not hungry
}

TEST_CASE("failures count only while some dial succeeds") {
  using outcome = dial_ended::outcome;
  book_world test;
  test.add(0, 20);
  test.tell(dial_ended{stranger(0), outcome::failed, 0});
  CHECK(test.find(stranger(0))->failures == 0);
  test.tell(dial_ended{stranger(1), outcome::connected, wire::node_network});
  test.tell(dial_ended{stranger(0), outcome::failed, 0});
  CHECK(test.find(stranger(0))->failures == 1);
  test.pass(10min);
  test.tell(dial_ended{stranger(0), outcome::failed, 0});
  CHECK(test.find(stranger(0))->failures == 1);
  test.join(1);
  test.tell(dial_ended{stranger(0), outcome::failed, 0});
  CHECK(test.find(stranger(0))->failures == 2);
  CHECK(test.find(stranger(1))->tried);
  CHECK(test.find(stranger(1))->state == "responded");
}

TEST_CASE("a private address that answers does not prove that we are online") {
  using outcome = dial_ended::outcome;
  book_world test;
  test.add(0, 5);
  test.tell(dial_ended{ipv4_endpoint(10, 0, 0, 1, 8333), outcome::connected, 1});
  test.tell(dial_ended{stranger(0), outcome::failed, 0});
  CHECK(test.find(stranger(0))->failures == 0);
}

TEST_CASE("a lasting connection is a success again and again, and others are not told") {
  book_world test;
  const auto remote = peer(1).remote;
  add_addresses what{{address(remote)}, remote};
  REQUIRE(test.answer<std::uint64_t>(what) == 1);
  test.tell(dial_ended{remote, dial_ended::outcome::connected, wire::node_network});
  test.join(1);
  const auto told_time = test.find(remote)->address.time;
  test.pass(5h);
  const auto found = test.find(remote);
  REQUIRE(found);
  CHECK(test.unix_now() - found->last_success <= connected_interval / 1s);
  // The time that others get would tell to which nodes we are connected.
  CHECK(found->address.time == told_time);
  test.tell(peer_left{peer(1), peer_exit::remote_closed});
  const auto left_at = test.unix_now();
  test.pass(2h);
  CHECK(test.find(remote)->last_success <= left_at);
}

TEST_CASE("a ban makes the book forget, and its end lets it learn") {
  book_world test;
  test.add(0, 10);
  REQUIRE(test.find(stranger(3)));
  test.tell(banning(stranger(3), test));
  CHECK_FALSE(test.find(stranger(3)));
  CHECK(test.add(3, 1) == 0);
  test.tell(bans_changed{{}, {host_of(stranger(3))}});
  CHECK(test.add(3, 1) == 1);
  test.tell(banning(stranger(4), test));
  test.pass(3601s);
  CHECK(test.add(4, 1) == 1);
}

// -- saving ----------------------------------------------------------------------------

TEST_CASE("what was known is known after a restart") {
  temporary_directory here;
  std::vector<known_address> before, after;
  auto known = [](book_world& test) {
    auto entries = test.answer<known_address_list>(get_known_addresses{}).entries;
    std::ranges::sort(entries, {}, [](const auto& x) { return x.address.bytes; });
    return entries;
  };
  for (auto* found : {&before, &after}) {
    book_world test;
    auto files = test.system.spawn(saver, system_disk());
    test.end_book();
    test.book =
      test.system.spawn(address_book, test.context,
                        address_book_options{here.path(), files, false, {}, {}});
    test.run();
    if (found == &before) {
      test.add(0, 200);
      test.tell(
        dial_ended{stranger(7), dial_ended::outcome::connected, wire::node_network});
      CHECK(test.snapshot().last_saved == 0);
      test.pass(61s);
      CHECK(std::filesystem::exists(here.path() / "addresses.json"));
      CHECK(test.snapshot().last_saved >= start + 60);
      test.add(200, 10); // saved at exit
    }
    *found = known(test);
    test.end_book();
    caf::anon_send_exit(files, caf::exit_reason::user_shutdown);
    test.run();
  }
  REQUIRE(before.size() > 150);
  REQUIRE(before.size() == after.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    CHECK(before[i].address == after[i].address);
    CHECK(before[i].source == after[i].source);
    CHECK(before[i].tried == after[i].tried);
    CHECK(before[i].last_success == after[i].last_success);
  }
}

TEST_CASE("one save at a time, a failed one is tried again, the last one is waited for") {
  temporary_directory here;
  book_world test;
  auto disk = std::make_shared<slow_disk>();
  auto files = test.system.spawn(slow_saver, disk);
  auto answer = [&](std::string with) {
    caf::anon_send(files, std::move(with));
    test.run();
  };
  test.end_book();
  const auto actors = test.system.registry().running();
  test.book =
    test.system.spawn(address_book, test.context,
                      address_book_options{
                        here.path(), caf::actor_cast<saver_actor>(files), false, {}, {}});
  test.add(0, 3);
  test.pass(61s);
  CHECK(disk->asked.size() == 1);
  test.add(3, 3);
  test.pass(120s);
  CHECK(disk->asked.size() == 1); // that one has not ended
  answer("cannot save: no space");
  test.pass(61s);
  CHECK(disk->asked.size() == 2);
  answer("");
  test.pass(300s);
  const auto idle = disk->asked.size();
  CHECK(idle <= 3);
  answer("");
  test.pass(300s);
  CHECK(disk->asked.size() == idle); // nothing has changed
  test.add(10, 1);
  test.end_book();
  test.book = nullptr;
  test.run();
  CHECK(disk->asked.size() == idle + 1);
  CHECK(test.system.registry().running() == actors + 1); // waits, without a holder
  answer("");
  CHECK(test.system.registry().running() == actors);
  caf::anon_send_exit(files, caf::exit_reason::user_shutdown);
}

TEST_CASE("saved addresses: every entry comes back, and nonsense is left out") {
  random_source random{7};
  std::vector<address_entry> entries;
  for (std::size_t i = 0; i < 200; ++i) {
    address_entry x;
    x.address = address(stranger(i), static_cast<unix_seconds>(random.below(1u << 31)));
    if (i % 5 == 0) {
      x.address.network_id = wire::i2p_network;
      x.address.bytes.assign(32, static_cast<std::uint8_t>(i));
      x.address.port = 0;
    }
    x.address.services = random.next();
    if (i % 3 == 0)
      x.source = stranger(i + 1);
    x.last_attempt = static_cast<unix_seconds>(random.below(1u << 31));
    x.last_success = static_cast<unix_seconds>(random.below(1u << 31));
    x.failures = static_cast<std::uint32_t>(random.next());
    x.tried = i % 2 == 0;
    entries.push_back(std::move(x));
  }
  hash_secret secret{1, 2, 3, 255};
  const auto body = nlohmann::json::parse(to_json(secret, entries).dump());
  const auto back = saved_addresses_from(body);
  CHECK(back.secret == secret);
  CHECK(back.entries == entries);
  CHECK(back.unreadable == 0);

  using json = nlohmann::json;
  const std::vector<json> nonsense{json{},      json(-1),       json("x"),  json::array(),
                                   json(1e300), json::object(), json(true), json("zz")};
  for (const auto& x : nonsense) {
    CHECK(saved_addresses_from(x).entries.empty());
    for (const auto* name : {"secret", "addresses"}) {
      auto bent = body;
      bent[name] = x;
      CHECK_NOTHROW(saved_addresses_from(bent));
    }
    for (const auto& [name, value] : body["addresses"][0].items()) {
      auto bent = body;
      bent["addresses"][0][name] = x;
      const auto found = saved_addresses_from(bent);
      CHECK(found.entries.size() + found.unreadable == entries.size());
    }
  }
}

// -- the dispatcher --------------------------------------------------------------------

TEST_CASE("the dispatcher asks the book for addresses and the node for the rest") {
  book_world test;
  test.add(0, 100);
  test.join(1, peer_direction::inbound);
  auto noted = std::make_shared<std::size_t>(0);
  auto inventory =
    test.system.spawn([noted](inventory_sink::pointer) -> inventory_sink::behavior_type {
      return {[noted](const inventory_announced&) { ++*noted; }};
    });
  auto chain = regtest_chain::generate(3, 1);
  auto node = test.system.spawn(chain_service, chain);
  const serve_headers from_genesis{1, {chain->hash_at(0)}, {}};
  auto dispatcher = test.system.spawn(inbound_dispatcher, node, inventory, test.book);
  CHECK(test.answer_to<addresses>(dispatcher, serve_addresses{1})->entries.size() >= 20);
  CHECK(test.answer_to<headers>(dispatcher, from_genesis)->entries.size() == 3);
  CHECK_FALSE(test.answer_to<wire::block>(dispatcher, serve_block{1, {}, true}));

  /// Whether the CONNECTION gets its answer.
  auto answered = [&](auto what) {
    auto result = std::make_shared<int>(0);
    test.system.spawn([=](caf::event_based_actor* self) {
      self->request(dispatcher, caf::infinite, what)
        .then([=] { *result = 1; }, [=](caf::error&) { *result = -1; });
    });
    test.run();
    return *result;
  };
  CHECK(answered(inventory_announced{1, {}}) == 1);
  CHECK(*noted == 1);
  CHECK(answered(addresses_announced{1, {address(stranger(500))}}) == 1);
  CHECK(answered(headers_announced{1, {}}) == 1);
  caf::anon_send_exit(node, caf::exit_reason::user_shutdown);
  test.run();
  CHECK(answered(headers_announced{1, {}}) == -1);
  CHECK_FALSE(test.answer_to<headers>(dispatcher, from_genesis));
  CHECK(answered(addresses_announced{1, {}}) == 1);
  caf::anon_send_exit(dispatcher, caf::exit_reason::user_shutdown);
  test.run();
  CHECK(answered(addresses_announced{1, {}}) == -1);
}

TEST_CASE(
  "I17: a book that stays at home neither takes in, tells nor offers other addresses") {
  address_book_options options;
  options.allow_unroutable = true;
  options.reach = dial_reach::home;
  book_world world{std::move(options)};
  const auto home = ipv4_endpoint(10, 1, 1, 1, 8333);
  wire::network_address onion{static_cast<std::uint32_t>(start), 1, wire::tor_v3_network,
                              std::vector<std::uint8_t>(32), 8333};
  world.join(1);
  world.join(2);
  add_addresses told{{address(stranger(1)), onion, address(home)}, std::nullopt};
  told.tried = true;
  CHECK(world.answer<std::uint64_t>(told) == 1);
  world.tell(addresses_announced{1, {address(stranger(2)), onion}});
  world.tell(addresses_answered{{1, {address(stranger(3)), address(stranger(4))}}});
  CHECK(world.answer<address_book_snapshot>(get_address_book_snapshot{}).total == 1);
  const auto offered = world.answer<candidates>(get_candidates{10, false}).entries;
  CHECK(offered == std::vector{home});
  const auto served = world.answer<addresses>(serve_addresses{1}).entries;
  for (const auto& entry : served)
    CHECK(to_endpoint(entry) == home);
  world.pass(std::chrono::minutes{10});
  CHECK(world.heard->told.empty());
}

TEST_CASE("saved addresses that are out of reach today are forgotten") {
  temporary_directory here;
  const auto home = ipv4_endpoint(10, 1, 1, 1, 8333);
  for (auto reach : {dial_reach::everywhere, dial_reach::home}) {
    book_world test;
    auto files = test.system.spawn(saver, system_disk());
    test.end_book();
    address_book_options options{here.path(), files, true, {}, {}};
    options.reach = reach;
    test.book = test.system.spawn(address_book, test.context, std::move(options));
    test.run();
    if (reach == dial_reach::everywhere)
      CHECK(test.answer<std::uint64_t>(
              add_addresses{{address(stranger(1)), address(home)}, std::nullopt}) == 2);
    const auto places = test.answer<address_places>(get_address_places{});
    CHECK(places.in_new.size() == (reach == dial_reach::everywhere ? 2 : 1));
    CHECK(places.in_tried.empty());
    if (reach == dial_reach::home)
      CHECK(to_endpoint(places.in_new.at(0).what.address) == home);
    test.end_book();
    caf::anon_send_exit(files, caf::exit_reason::user_shutdown);
    test.run();
  }
}
