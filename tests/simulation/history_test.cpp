// SPDX-License-Identifier: MIT
#include "actors/status/documents/historian.hpp"
#include "tests/simulation/simulation.hpp"

#include "actors/node/peer_manager.hpp"

/// The day that a node remembers.
using namespace peerage;
using namespace peerage::test;

namespace {

/// A node that has a HISTORIAN, and no peer yet.
struct remembered_node : simulation {
  remembered_node() {
    set_wall_clock(1'700'000'000);
    auto own =
      std::make_shared<node_context>(wire::parameters(wire::network::regtest), 1);
    own->sockets = sockets;
    share_wall_clock(*own);
    own->service = system.spawn(chain_service, std::shared_ptr<const regtest_chain>{});
    peer_manager_options options;
    std::string error;
    options.acceptors.push_back(sockets->listen(at, own->network.magic, error));
    magic = own->network.magic;
    manager = start_peer_manager(system, own, std::move(options));
    history = system.spawn(historian, caf::actor_cast<status_source_actor>(manager));
    run();
  }

  ~remembered_node() {
    caf::anon_send_exit(history, caf::exit_reason::user_shutdown);
    history = nullptr;
    manager = nullptr;
    run();
  }

  std::vector<history_sample> samples() {
    auto found = answer_to<history_samples>(history, get_history{});
    REQUIRE(found);
    return found->entries;
  }

  const endpoint at = ipv4_endpoint(10, 0, 0, 1, 18444);
  std::uint32_t magic = 0;
  peer_manager_actor manager;
  historian_actor history;
};

} // namespace

TEST_CASE("a node's history begins with its start, and grows by the minute") {
  remembered_node node;
  CHECK(node.samples().size() == 1);
  node.advance(50s, 1s);
  scripted_remote remote{node.sockets->connect_to(node.at, ipv4_endpoint(10, 0, 0, 2, 1)),
                         node.magic};
  node.shake_hands(remote);
  CHECK(node.samples().size() == 1);
  node.advance(11s, 1s); // it does not answer pings, which it has 20 s for
  const auto found = node.samples();
  REQUIRE(found.size() == 2);
  CHECK(found[0].time == 1'700'000'000);
  CHECK(found[1].time == doctest::Approx(1'700'000'060).epsilon(1e-9));
  CHECK(found[0].inbound == 0);
  CHECK(found[1].inbound == 1);
  CHECK(found[1].ready == 1);
  CHECK(*found[1].received > 0);
  CHECK(*found[1].sent > 0);
}

TEST_CASE("a history is a day long") {
  remembered_node node;
  node.advance(25h, 1min);
  CHECK(node.samples().size() == 1'440);
  CHECK(node.samples().front().time == doctest::Approx(1'700'003'600).epsilon(1e-7));
}
