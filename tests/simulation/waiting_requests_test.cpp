// SPDX-License-Identifier: MIT
#include "actors/interfaces/peer_set.hpp"
#include "actors/peer_set/held_requests.hpp"
#include "tests/simulation/requests_fixture.hpp"
#include "tests/simulation/set_world.hpp"

#include <functional>
#include <random>

/// Requests that find no peer: the PEER_SET holds them until one comes. I3.
using namespace peerage;
using namespace peerage::test;

namespace {

/// A get_headers that can be told apart on the wire.
get_headers headers_request(std::uint8_t number, caf::timespan timeout = 20s) {
  return {{}, {{number}}, timeout, true};
}

/// The numbers of the get_headers that came, all of them answered: nothing newer.
std::vector<int> answer_headers(set_world& world, scripted_remote& remote) {
  std::vector<int> result;
  const auto messages = remote.take();
  for (const auto& message : messages)
    if (const auto* asked = std::get_if<wire::getheaders>(&message)) {
      result.push_back(asked->stop.bytes[0]);
      remote.send(wire::headers{});
    }
  answer_pings(remote, messages);
  world.run();
  return result;
}

wire::version with_bloom() {
  auto result = remote_version();
  result.services |= wire::node_bloom;
  return result;
}

} // namespace

TEST_CASE("a request that comes before any peer is answered by the first peer") {
  set_world world;
  auto ping = world.ask<latency>(world.set, measure_latency{});
  auto block = make_block(1);
  auto fetch = world.ask<blocks>(world.set, get_blocks{{block.hash()}});
  auto push = world.ask<caf::unit_t>(world.set, announce_block{make_block(2).hash()});
  auto list = world.ask<headers>(world.set, headers_request(1));
  world.run();
  CHECK(ping->replies + fetch->replies + push->replies + list->replies == 0);
  world.advance(5s);
  CHECK(ping->replies + fetch->replies + push->replies + list->replies == 0);
  for (auto x : world.counts().outbound_requests)
    CHECK(x == 0); // nothing is counted before it is sent

  auto from = ipv4_endpoint(20, 1, 0, 1, 8333);
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
  bool announced = false;
  const auto messages = remote.take();
  for (const auto& message : messages) {
    if (std::holds_alternative<wire::getdata>(message))
      remote.send(block);
    else if (std::holds_alternative<wire::getheaders>(message))
      remote.send(wire::headers{});
    announced = announced || std::holds_alternative<wire::inv>(message);
  }
  answer_pings(remote, messages);
  world.run();
  CHECK(announced);
  CHECK(ping->value);
  CHECK(push->value);
  CHECK(list->value);
  REQUIRE(fetch->value);
  CHECK(fetch->value->entries.at(0).available);
  CHECK(ping->replies + fetch->replies + push->replies + list->replies == 4);
}

TEST_CASE("without a peer it ends as no_ready_peer, at its deadline and once") {
  set_world world;
  auto brief = world.ask<latency>(world.set, measure_latency{2s});
  auto fetch = world.ask<blocks>(world.set, get_blocks{{make_block(1).hash()}, 2s});
  auto push = world.ask<caf::unit_t>(world.set, send_transaction{make_tx(1), 2s});
  auto usual = world.ask<latency>(world.set, measure_latency{});
  world.advance(1900ms);
  CHECK(brief->replies + fetch->replies + push->replies == 0);
  world.advance(200ms);
  for (const auto& why : {brief->failure, fetch->failure, push->failure})
    CHECK(failure_of(why) == request_error::no_ready_peer);
  world.advance(world.context->timing.request_timeout - 3s);
  CHECK(usual->replies == 0);
  world.advance(2s);
  CHECK(failure_of(usual->failure) == request_error::no_ready_peer);
  world.join();
  CHECK(brief->replies + fetch->replies + push->replies + usual->replies == 4);
}

TEST_CASE("a request that does not want to wait fails at once") {
  set_world world;
  auto waits = world.ask<latency>(world.set, measure_latency{});
  auto ping = world.ask<latency>(world.set, measure_latency{20s, false});
  auto push =
    world.ask<caf::unit_t>(world.set, announce_block{make_block(1).hash(), {}, false});
  auto fetch =
    world.ask<blocks>(world.set, get_blocks{{make_block(1).hash()}, {}, false});
  world.run();
  for (const auto& why : {ping->failure, push->failure, fetch->failure})
    CHECK(failure_of(why) == request_error::no_ready_peer);
  CHECK(waits->replies == 0);
}

TEST_CASE("the time that a request has waited is a part of its own") {
  set_world world;
  auto ping = world.ask<latency>(world.set, measure_latency{10s});
  world.advance(8s);
  world.join(); // and never answers
  world.advance(1900ms);
  CHECK(ping->replies == 0);
  world.advance(300ms);
  CHECK(failure_of(ping->failure) == request_error::timeout);
}

TEST_CASE("requests of a kind go in the order they came, also before newcomers") {
  set_world world;
  std::vector<std::shared_ptr<simulation::asked<headers>>> asked;
  for (std::uint8_t i = 1; i <= 3; ++i)
    asked.push_back(world.ask<headers>(world.set, headers_request(i)));
  world.run();
  auto mempool = world.ask<transaction_ids>(world.set, get_mempool{});
  auto one = world.join();
  // The set's own handshake messages are taken by `join`, and with them the first
  // request.
  asked.push_back(world.ask<headers>(world.set, headers_request(4)));
  world.run();
  one.remote.send(wire::headers{});
  world.run();
  CHECK(asked[0]->value);
  std::vector<int> order;
  for (int i = 0; i < 3; ++i)
    for (auto number : answer_headers(world, one.remote))
      order.push_back(number);
  CHECK(order == std::vector{2, 3, 4});
  for (const auto& x : asked)
    CHECK(x->replies == 1);
  // A kind that this peer does not suit waits on.
  CHECK(mempool->replies == 0);
  auto two = world.join(with_bloom());
  CHECK(world.counts()
          .outbound_requests[static_cast<std::size_t>(request_kind::get_mempool)] == 1);
}

TEST_CASE("a request that waits for a busy peer ends as overloaded") {
  set_world world;
  auto first = world.ask<headers>(world.set, headers_request(1, 60s));
  auto second = world.ask<headers>(world.set, headers_request(2, 5s));
  world.run();
  world.join(); // answers nothing
  world.advance(6s);
  CHECK(first->replies == 0);
  CHECK(failure_of(second->failure) == request_error::overloaded);
}

TEST_CASE("a busy peer is no reason to wait") {
  set_world world;
  auto peer = world.join();
  auto first = world.ask<headers>(world.set, headers_request(1));
  auto second = world.ask<headers>(world.set, headers_request(2));
  world.run();
  CHECK(first->replies == 0);
  CHECK(failure_of(second->failure) == request_error::overloaded);
}

TEST_CASE("requests that wait are bounded, and the excess has a reason of its own") {
  set_world world;
  std::vector<std::shared_ptr<simulation::asked<latency>>> asked;
  for (std::size_t i = 0; i < held_requests::max_requests; ++i)
    asked.push_back(world.ask<latency>(world.set, measure_latency{}));
  world.run();
  auto excess = world.ask<latency>(world.set, measure_latency{});
  world.run();
  CHECK(failure_of(excess->failure) == request_error::too_many_waiting);
  world.advance(21s);
  for (const auto& x : asked)
    CHECK(failure_of(x->failure) == request_error::no_ready_peer);
  auto again = world.ask<latency>(world.set, measure_latency{});
  world.run();
  CHECK(again->replies == 0);
}

TEST_CASE("a stop answers those that wait") {
  set_world world;
  auto ping = world.ask<latency>(world.set, measure_latency{});
  auto push = world.ask<caf::unit_t>(world.set, announce_block{make_block(1).hash()});
  world.run();
  caf::anon_send_exit(world.set, caf::exit_reason::user_shutdown);
  world.run();
  for (const auto& why : {ping->failure, push->failure})
    CHECK(failure_of(why) == request_error::shutting_down);
  CHECK(ping->replies + push->replies == 2);
}

TEST_CASE("I3: requests of all kinds end once, whenever peers come and go") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    set_world world{seed};
    std::mt19937_64 random{seed};
    std::vector<std::function<int()>> replies;
    auto note = [&](const auto& asked) {
      replies.emplace_back([asked] { return asked->replies; });
    };
    std::vector<set_world::peer> peers;
    for (int step = 0; step < 60; ++step) {
      const auto timeout = std::chrono::seconds(1 + random() % 10);
      switch (random() % 8) {
      case 0: note(world.ask<latency>(world.set, measure_latency{timeout})); break;
      case 1: note(world.ask<headers>(world.set, headers_request(1, timeout))); break;
      case 2:
        note(world.ask<blocks>(world.set, get_blocks{{make_block(1).hash()}, timeout}));
        break;
      case 3:
        note(world.ask<caf::unit_t>(world.set, send_transaction{make_tx(1), timeout}));
        break;
      case 4: note(world.ask<transaction_ids>(world.set, get_mempool{timeout})); break;
      case 5:
        if (peers.size() < 3)
          peers.push_back(
            world.join(random() % 2 == 0 ? with_bloom() : remote_version()));
        break;
      case 6:
        if (!peers.empty()) {
          peers.back().remote.close();
          peers.pop_back();
        }
        break;
      default:
        for (auto& x : peers)
          answer_headers(world, x.remote);
      }
      world.advance(500ms);
    }
    world.advance(12s);
    for (const auto& count : replies)
      CHECK(count() == 1);
  }
}
