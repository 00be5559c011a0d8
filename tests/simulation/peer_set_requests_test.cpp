// SPDX-License-Identifier: MIT
#include "actors/interfaces/broadcasts.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "tests/simulation/requests_fixture.hpp"
#include "tests/simulation/set_world.hpp"

#include <algorithm>
#include <random>
#include <set>

/// The PEER_SET: which peer gets which request, and what becomes of it. I5, I14, I3.
using namespace peerage;
using namespace peerage::test;

namespace {

std::uint64_t routed(const peer_set_snapshot& x, request_kind kind) {
  return x.outbound_requests[static_cast<std::size_t>(kind)];
}

/// The items asked of a remote by getdata, since the last look.
std::vector<wire::hash256> asked_for(scripted_remote& remote) {
  std::vector<wire::hash256> result;
  for (const auto& message : remote.take())
    if (const auto* wanted = std::get_if<wire::getdata>(&message))
      for (const auto& entry : wanted->entries)
        result.push_back(entry.hash);
  return result;
}

void announce(set_world& world, scripted_remote& remote, const wire::hash256& hash) {
  remote.send(wire::inv{{{wire::inv_block, hash}}});
  world.run();
}

std::size_t count_invs(scripted_remote& remote) {
  std::size_t result = 0;
  for (const auto& message : remote.take())
    result += std::holds_alternative<wire::inv>(message) ? 1 : 0;
  return result;
}

addresses_answered_sink::behavior_type
take_addresses(addresses_answered_sink::pointer,
               std::shared_ptr<std::vector<addresses_announced>> taken) {
  return {[taken](const addresses_answered& x) { taken->push_back(x.from); }};
}

} // namespace

TEST_CASE("a probe tells how long it waited for the set") {
  set_world world;
  const auto sent = world.now();
  auto answer = world.ask<mailbox_probe>(world.set, mailbox_probe{sent, {}});
  world.scheduler().advance_time(3s); // nothing runs meanwhile
  world.run();
  REQUIRE(answer->value);
  CHECK(answer->value->sent == sent);
  CHECK(answer->value->handled == sent + 3s);
}

TEST_CASE("I5: without peers nothing is routed, and nothing is counted") {
  set_world world;
  auto ping = world.ask<latency>(world.set, measure_latency{{}, false});
  auto fetch =
    world.ask<blocks>(world.set, get_blocks{{make_block(1).hash()}, {}, false});
  auto inv =
    world.ask<caf::unit_t>(world.set, announce_block{make_block(1).hash(), {}, false});
  world.run();
  for (const auto& why : {ping->failure, fetch->failure, inv->failure})
    CHECK(failure_of(why) == request_error::no_ready_peer);
  auto counts = world.counts();
  CHECK(counts.total == 0);
  for (auto x : counts.outbound_requests)
    CHECK(x == 0);
}

TEST_CASE("a request goes to one peer, is counted once, and its answer comes back") {
  set_world world;
  auto one = world.join();
  auto two = world.join();
  auto answer = world.ask<latency>(world.set, measure_latency{});
  world.run();
  answer_pings(one.remote, one.remote.take());
  answer_pings(two.remote, two.remote.take());
  world.run();
  CHECK(answer->value);
  CHECK(answer->replies == 1);
  CHECK(routed(world.counts(), request_kind::measure_latency) == 1);
  CHECK(world.counts().ready == 2);
}

TEST_CASE("a block is asked first of the peer that announced it") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    set_world world{seed};
    std::vector<set_world::peer> peers;
    for (int i = 0; i < 8; ++i)
      peers.push_back(world.join());
    auto wanted = make_block(7);
    auto& holder = peers[seed % peers.size()];
    announce(world, holder.remote, wanted.hash());
    auto answer = world.ask<blocks>(world.set, get_blocks{{wanted.hash()}});
    world.run();
    CHECK(asked_for(holder.remote) == std::vector{wanted.hash()});
    holder.remote.send(wanted);
    world.run();
    REQUIRE(answer->value);
    CHECK(answer->value->entries[0].available);
  }
}

TEST_CASE("what one peer lacks is asked of others before it is called missing") {
  set_world world;
  std::vector<set_world::peer> peers;
  for (int i = 0; i < 3; ++i)
    peers.push_back(world.join());
  auto wanted = make_block(9);
  auto answer = world.ask<blocks>(world.set, get_blocks{{wanted.hash()}});
  world.run();
  // The first two say that they lack it; the third has it.
  int asked = 0;
  for (int round = 0; round < 3 && !answer->value; ++round)
    for (auto& x : peers) {
      if (asked_for(x.remote).empty())
        continue;
      if (++asked < 3)
        x.remote.send(wire::notfound{{{wire::inv_witness_block, wanted.hash()}}});
      else
        x.remote.send(wanted);
      world.run();
    }
  CHECK(asked == 3);
  REQUIRE(answer->value);
  CHECK(answer->value->entries[0].available);
  CHECK(answer->replies == 1);
}

TEST_CASE("missing is what every peer has said it lacks, and only that") {
  set_world world;
  auto one = world.join();
  auto two = world.join();
  auto wanted = make_block(9);
  auto answer = world.ask<blocks>(world.set, get_blocks{{wanted.hash()}, 10s});
  world.run();
  for (auto* x : {&one, &two, &one})
    if (!asked_for(x->remote).empty()) {
      x->remote.send(wire::notfound{{{wire::inv_witness_block, wanted.hash()}}});
      world.run();
    }
  CHECK(failure_of(answer->failure) == request_error::not_found);

  // Silence is no evidence.
  auto again = make_block(10);
  auto silent = world.ask<blocks>(world.set, get_blocks{{again.hash()}, 10s});
  world.advance(11s);
  CHECK(failure_of(silent->failure) == request_error::timeout);
}

TEST_CASE("many blocks are split over the peers and come back in order") {
  set_world world;
  std::vector<set_world::peer> peers;
  for (int i = 0; i < 4; ++i)
    peers.push_back(world.join());
  std::vector<wire::block> chain;
  get_blocks wanted;
  for (std::uint8_t i = 0; i < 40; ++i) {
    chain.push_back(make_block(i));
    wanted.hashes.push_back(chain.back().hash());
  }
  auto answer = world.ask<blocks>(world.set, wanted);
  world.run();
  std::set<peer_id> used;
  for (int round = 0; round < 10 && !answer->value; ++round)
    for (auto& x : peers) {
      for (const auto& hash : asked_for(x.remote)) {
        used.insert(x.info.id);
        auto found = std::ranges::find(chain, hash, &wire::block::hash);
        x.remote.send(*found);
      }
      world.run();
    }
  REQUIRE(answer->value);
  CHECK(used.size() == 4);
  REQUIRE(answer->value->entries.size() == chain.size());
  for (std::size_t i = 0; i < chain.size(); ++i)
    CHECK(answer->value->entries[i].body.hash() == chain[i].hash());
  CHECK(world.counts().ready == 4);
}

TEST_CASE("a slow peer's share is asked of another, and the first answer wins") {
  set_world world;
  auto one = world.join();
  auto two = world.join();
  auto wanted = make_block(3);
  announce(world, one.remote, wanted.hash());
  auto answer = world.ask<blocks>(world.set, get_blocks{{wanted.hash()}, 20s});
  world.run();
  REQUIRE(!asked_for(one.remote).empty());
  world.advance(6s); // nothing is known of usual times: a quarter of the deadline
  REQUIRE(!asked_for(two.remote).empty());
  two.remote.send(wanted);
  world.run();
  REQUIRE(answer->value);
  one.remote.send(wanted); // late, and not wanted
  world.run();
  CHECK(answer->replies == 1);
  CHECK(world.counts().ready == 2);
}

TEST_CASE("an announcement goes to a third of the peers, each once") {
  for (std::size_t count : {1u, 2u, 3u, 9u, 10u}) {
    set_world world;
    std::vector<set_world::peer> peers;
    for (std::size_t i = 0; i < count; ++i)
      peers.push_back(world.join());
    auto answer = world.ask<caf::unit_t>(world.set, announce_block{make_block(1).hash()});
    world.run();
    CHECK(answer->value);
    std::size_t told = 0;
    for (auto& x : peers) {
      auto here = count_invs(x.remote);
      CHECK(here <= 1);
      told += here;
    }
    CHECK(told == (count + 2) / 3);
    CHECK(routed(world.counts(), request_kind::announce_block) == told);
  }
}

TEST_CASE("an announcement to all reaches a peer that is not ready when it is") {
  set_world world;
  auto busy = world.join();
  std::vector<std::shared_ptr<simulation::asked<latency>>> pings;
  for (std::size_t i = 0; i < max_keyed_in_flight; ++i)
    pings.push_back(world.ask<latency>(world.set, measure_latency{}));
  world.run();
  CHECK(world.counts().unready == 1);
  auto overflow = world.ask<latency>(world.set, measure_latency{});
  world.run();
  CHECK(failure_of(overflow->failure) == request_error::overloaded);

  auto idle = world.join();
  caf::anon_send(world.set, announce_block_to_all{make_block(1).hash()});
  world.run();
  CHECK(count_invs(idle.remote) == 1);
  auto waiting = busy.remote.take();
  CHECK(std::ranges::none_of(
    waiting, [](const auto& x) { return std::holds_alternative<wire::inv>(x); }));
  answer_pings(busy.remote, waiting);
  world.run();
  CHECK(count_invs(busy.remote) == 1);
  CHECK(world.counts().ready == 2);
}

TEST_CASE("I3: requests under way are answered when the set stops") {
  set_world world;
  auto one = world.join();
  auto ping = world.ask<latency>(world.set, measure_latency{});
  auto fetch = world.ask<blocks>(world.set, get_blocks{{make_block(1).hash()}});
  world.run();
  caf::anon_send_exit(world.set, caf::exit_reason::user_shutdown);
  world.run();
  CHECK(failure_of(ping->failure) == request_error::shutting_down);
  CHECK(failure_of(fetch->failure) == request_error::shutting_down);
  CHECK(ping->replies == 1);
  CHECK(fetch->replies == 1);
  CHECK(one.remote.saw_end());
}

TEST_CASE("I13: the set takes in no more of one address and subnet than allowed") {
  set_world world{1, {.per_ip = 1, .per_subnet = 2}};
  auto join = [&](const endpoint& from) {
    auto [ours, end] = world.sockets->open_pair(world.context->network.magic, from,
                                                ipv4_endpoint(10, 0, 0, 9, 18444));
    accept(world.system, world.context, std::move(ours), world.sink);
    world.run();
    scripted_remote remote{end, world.context->network.magic};
    world.shake_hands(remote);
    auto ready = world.results->ready.back();
    world.results->ready.pop_back();
    caf::anon_send(world.set, join_set{std::move(ready), false});
    world.run();
    return remote;
  };
  auto first = join(ipv4_endpoint(1, 2, 3, 4, 1));
  auto same = join(ipv4_endpoint(1, 2, 3, 4, 2));
  auto second = join(ipv4_endpoint(1, 2, 3, 5, 1));
  auto third = join(ipv4_endpoint(1, 2, 3, 6, 1));
  CHECK_FALSE(first.saw_end());
  CHECK(same.saw_end());
  CHECK_FALSE(second.saw_end());
  CHECK(third.saw_end());
  REQUIRE(world.told->left.size() == 2);
  CHECK(world.told->left[0].second == peer_exit::address_limit);
  CHECK(world.told->left[1].second == peer_exit::subnet_limit);
  CHECK(world.counts().total == 2);
  first.close();
  world.run();
  CHECK_FALSE(join(ipv4_endpoint(1, 2, 3, 4, 3)).saw_end());
}

TEST_CASE("a peer of bad reputation makes room before others") {
  for (const bool suspicious : {false, true}) {
    CAPTURE(suspicious);
    set_world world;
    std::vector<set_world::peer> peers;
    for (int i = 0; i < 60; ++i) {
      peers.push_back(world.join());
      world.advance(10ms);
    }
    // Not the youngest, and too young to be protected for its age.
    const auto bad = peers[50].info;
    if (suspicious)
      *world.suspected = {bad.remote};
    auto answer = world.ask<bool>(world.set, evict_inbound{});
    world.run();
    REQUIRE(answer->value);
    CHECK(*answer->value);
    REQUIRE(world.told->left.size() == 1);
    CHECK(world.told->left[0].second == peer_exit::evicted);
    CHECK((world.told->left[0].first.id == bad.id) == suspicious);
  }
}

TEST_CASE("addresses are asked of outbound peers, and not twice in 31 s") {
  set_world world;
  auto taken = std::make_shared<std::vector<addresses_announced>>();
  auto taker = world.system.spawn(take_addresses, taken);
  auto inbound = world.join();
  auto none = world.ask<gathered_addresses>(world.set, gather_addresses{3, 5s, taker});
  world.run();
  REQUIRE(none->value);
  CHECK(none->value->asked == 0);

  auto remote = world.ready_outbound();
  auto ready = world.results->ready.back();
  world.results->ready.pop_back();
  caf::anon_send(world.set, join_set{std::move(ready), false});
  world.run();
  remote.take();
  auto answer = world.ask<gathered_addresses>(world.set, gather_addresses{3, 5s, taker});
  world.run();
  CHECK(remote.take_commands().find("getaddr") != std::string::npos);
  wire::addr told;
  for (std::uint8_t i = 1; i <= 3; ++i)
    told.entries.push_back({1'700'000'000, {1, ipv4_endpoint(1, 2, i, 4, 1).ip, 8333}});
  remote.send(told);
  world.run();
  REQUIRE(answer->value);
  CHECK(answer->value->asked == 1);
  CHECK(answer->value->answers == 1);
  CHECK(answer->value->entries == 3);
  REQUIRE(taken->size() == 1);
  CHECK(taken->front().entries.size() == 3);

  auto again = world.ask<gathered_addresses>(world.set, gather_addresses{3, 5s, taker});
  world.run();
  REQUIRE(again->value);
  CHECK(again->value->asked == 0);
}

TEST_CASE("I3, I5, I14: any sequence of joins, leaves, requests and answers") {
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    CAPTURE(seed);
    set_world world{seed};
    // Remotes answer only what they like.
    world.context->timing.ping_interval = world.context->timing.ping_timeout = 1h;
    std::mt19937_64 random{seed};
    std::vector<set_world::peer> peers;
    std::vector<std::shared_ptr<simulation::asked<latency>>> pings;
    std::vector<std::shared_ptr<simulation::asked<blocks>>> fetches;
    std::vector<std::shared_ptr<simulation::asked<headers>>> others;
    for (int step = 0; step < 120; ++step) {
      switch (random() % 8) {
      case 0:
        if (peers.size() < 6)
          peers.push_back(world.join());
        break;
      case 1:
        if (!peers.empty()) {
          auto gone =
            peers.begin() + static_cast<std::ptrdiff_t>(random() % peers.size());
          gone->remote.close();
          peers.erase(gone);
        }
        break;
      case 2:
      case 3: pings.push_back(world.ask<latency>(world.set, measure_latency{5s})); break;
      case 4: {
        get_blocks wanted{{}, 5s};
        for (std::uint64_t i = random() % 20; i > 0; --i)
          wanted.hashes.push_back(make_block(static_cast<std::uint8_t>(random())).hash());
        fetches.push_back(world.ask<blocks>(world.set, wanted));
        break;
      }
      case 5:
        others.push_back(world.ask<headers>(world.set, get_headers{{}, {}, 5s}));
        break;
      case 6:
        if (!peers.empty())
          announce(world, peers[random() % peers.size()].remote,
                   make_block(static_cast<std::uint8_t>(random())).hash());
        break;
      default: world.advance(500ms);
      }
      if (random() % 2 == 0)
        world.run();
      // Some remotes answer some of what they were asked.
      for (auto& x : peers) {
        if (random() % 2 == 0)
          continue;
        for (const auto& message : x.remote.take()) {
          answer_pings(x.remote, {message});
          if (const auto* wanted = std::get_if<wire::getdata>(&message))
            for (const auto& entry : wanted->entries)
              for (unsigned tag = 0; tag < 256 && random() % 4 != 0; ++tag)
                if (auto body = make_block(static_cast<std::uint8_t>(tag));
                    body.hash() == entry.hash) {
                  if (random() % 3 == 0)
                    x.remote.send(wire::notfound{{entry}});
                  else
                    x.remote.send(body);
                }
        }
      }
      world.run();
      auto counts = world.counts();
      CHECK(counts.total == counts.ready + counts.unready);
      CHECK(counts.total == peers.size());
      CHECK(counts.inbound == peers.size()); // all of them are
      CHECK(counts.outbound == 0);
      auto outside = world.published->load();
      CHECK(outside.total == counts.total);
      CHECK(outside.ready == counts.ready);
    }
    world.advance(30s);
    for (const auto& x : pings)
      CHECK(x->replies == 1);
    for (const auto& x : fetches)
      CHECK(x->replies == 1);
    for (const auto& x : others)
      CHECK(x->replies == 1);
    auto counts = world.counts();
    CHECK(counts.ready == peers.size());
  }
}

TEST_CASE("a peer whose ban came before it is not taken in") {
  set_world world;
  const auto now = world.context->wall.now();
  auto first = world.join();
  REQUIRE(world.told->joined.size() == 1);
  const auto next_host = ipv4_endpoint(20, 2, 0, 1, 8333);
  caf::anon_send(world.set,
                 bans_changed{{{host_of(next_host), now, now + 1'000, {}}}, {}});
  world.run();
  auto second = world.join();
  REQUIRE(second.info.remote == next_host);
  CHECK(second.remote.saw_end());
  CHECK(world.told->joined.size() == 1);
  REQUIRE(world.told->left.size() == 1);
  CHECK(world.told->left[0].second == peer_exit::banned);
  CHECK(world.counts().total == 1);
}
