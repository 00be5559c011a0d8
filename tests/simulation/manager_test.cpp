// SPDX-License-Identifier: MIT
#include "actors/interfaces/addresses.hpp"
#include "actors/interfaces/node.hpp"
#include "tests/simulation/requests_fixture.hpp"

#include "actors/node/peer_manager.hpp"
#include "messages/wire/addresses.hpp"

/// How a whole node ends.
using namespace peerage;
using namespace peerage::test;

namespace {

/// A node with one inbound peer, started by a PEER_MANAGER of its own.
struct managed_node {
  explicit managed_node(simulation& in) : world(in) {
    context = std::make_shared<node_context>(wire::parameters(wire::network::regtest), 1);
    context->sockets = world.sockets;
    context->service =
      world.system.spawn(chain_service, std::shared_ptr<const regtest_chain>{});
    world.run();
    actors_before = world.system.registry().running();
    peer_manager_options options;
    std::string error;
    options.acceptors.push_back(world.sockets->listen(at, context->network.magic, error));
    manager = start_peer_manager(world.system, context, std::move(options));
    world.run();
    remote = {world.sockets->connect_to(at, ipv4_endpoint(10, 0, 0, 2, 1)),
              context->network.magic};
    world.shake_hands(remote);
    // Manager, clock, listener, dialer, set, book, ban_manager, dispatcher, and the
    // peer's three.
    REQUIRE(actors() == 11);
  }

  std::size_t actors() { return world.system.registry().running() - actors_before; }

  simulation& world;
  endpoint at = ipv4_endpoint(10, 0, 0, 1, 18444);
  node_context_ptr context;
  std::size_t actors_before = 0;
  peer_manager_actor manager;
  scripted_remote remote;
};

} // namespace

TEST_CASE("a manager whose last handle is dropped takes everything with it at once") {
  simulation world;
  managed_node node{world};
  node.manager = nullptr;
  world.run();
  CHECK(node.remote.saw_end());
  CHECK(node.actors() == 0);
  CHECK(world.sockets->open_connections() == 0);
}

TEST_CASE("a manager that is told to stop does so in order though nobody holds it") {
  simulation world;
  managed_node node{world};
  caf::anon_send_exit(node.manager, caf::exit_reason::user_shutdown);
  node.manager = nullptr;
  world.run();
  CHECK(node.remote.saw_end());
  CHECK(node.actors() == 0);
}

TEST_CASE("a node without discovery, as with --connect, dials none but the named peers") {
  using wire::network;
  for (auto id : {network::main, network::testnet, network::testnet4, network::signet,
                  network::regtest})
    for (bool discover : {false, true}) {
      simulation world;
      auto context = std::make_shared<node_context>(wire::parameters(id), 1);
      context->sockets = world.sockets;
      world.share_wall_clock(*context);
      context->service =
        world.system.spawn(chain_service, std::shared_ptr<const regtest_chain>{});
      const auto named = ipv4_endpoint(20, 1, 1, 1, 8333);
      memory_remote_ptr end;
      world.sockets->add_scripted(named,
                                  [&](memory_remote_ptr x) { end = std::move(x); });
      peer_manager_options options;
      options.manual = {named};
      options.discover = discover;
      auto manager = start_peer_manager(world.system, context, std::move(options));
      world.run();
      REQUIRE(end);
      scripted_remote remote{end, context->network.magic};
      world.shake_hands(remote);
      // Others are known, by a person and by the peer.
      const auto now = static_cast<std::uint32_t>(context->wall.now());
      auto strangers = [&](std::uint8_t first) {
        std::vector<wire::network_address> result;
        for (std::uint8_t i = 0; i < 5; ++i)
          result.push_back(wire::to_network_address(
            {now,
             {wire::node_network,
              ipv4_endpoint(static_cast<std::uint8_t>(first + i), 2, 3, 4, 8333).ip,
              8333}}));
        return result;
      };
      const auto book = world.answer_to<node_handles>(manager, get_node_handles{})->book;
      world.answer_to<std::uint64_t>(book, add_addresses{strangers(30), std::nullopt});
      remote.send(wire::addrv2{strangers(40)});
      for (int i = 0; i < 30; ++i) {
        world.advance(10s, 1s);
        answer_pings(remote, remote.take());
      }
      CHECK(
        world.answer_to<address_book_snapshot>(book, get_address_book_snapshot{})->total >
        5);
      CHECK((world.sockets->dials_started() > 1) == discover);
      caf::anon_send_exit(manager, caf::exit_reason::user_shutdown);
      caf::anon_send_exit(context->service, caf::exit_reason::user_shutdown);
      manager = nullptr;
      context->service = nullptr;
      world.run();
    }
}
