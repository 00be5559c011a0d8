// SPDX-License-Identifier: MIT
#include "actors/interfaces/node.hpp"
#include "tests/simulation/simulation.hpp"

#include "actors/node/peer_manager.hpp"

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
