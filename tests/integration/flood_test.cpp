// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "actors/base/actor_system_config.hpp"
#include "actors/transport/asio_sockets.hpp"
#include "tests/support/flooder.hpp"
#include "tests/support/sanitized.hpp"
#include "tests/support/whole_node.hpp"

#include <algorithm>

/// A whole node over real sockets, one peer of which does all it can to keep it busy.
/// scripts/bench.sh measures the latency of the others meanwhile.
using namespace peerage;
using namespace peerage::test;

namespace {

constexpr std::size_t honest_peers = 50;
/// Enough to take the node some seconds.
#ifdef PEERAGE_SANITIZED
constexpr std::uint64_t flood = 6'000;
#else
constexpr std::uint64_t flood = 30'000;
#endif
constexpr std::chrono::seconds flood_patience{60};

std::set<peer_id> ids_of(whole_node& node, const std::vector<endpoint>& places) {
  std::set<peer_id> result;
  for (const auto& x : node.peers())
    if (std::ranges::find(places, x.info.remote) != places.end())
      result.insert(x.info.id);
  return result;
}

} // namespace

TEST_CASE("every honest peer survives a flooder") {
  actor_system_config config;
  auto sockets = make_asio_sockets(dial_reach::loopback); // outlives the actors
  caf::actor_system system{config};
  std::string error;
  peer_manager_options options;
  options.acceptors.push_back(
    sockets->listen(ipv4_endpoint(127, 0, 0, 1, 0),
                    wire::parameters(wire::network::regtest).magic, error));
  REQUIRE_MESSAGE(options.acceptors[0], error);
  const auto at = options.acceptors[0]->local();
  options.max_outbound = 0;
  whole_node node{system, sockets, std::move(options)};

  std::vector<raw_peer> honest;
  std::vector<endpoint> places;
  for (std::size_t i = 0; i < honest_peers; ++i) {
    const auto from = ipv4_endpoint(127, 20, static_cast<std::uint8_t>(i), 1, 0);
    honest.push_back(raw_peer::connect(at, from));
    honest.back().shake_hands();
    places.push_back(honest.back().local());
  }
  REQUIRE(eventually([&] { return ids_of(node, places).size() == honest_peers; }));
  const auto before = ids_of(node, places);

  std::size_t rounds = 0;
  {
    flooder worst{at, ipv4_endpoint(127, 30, 1, 1, 0)};
    const auto until = in(flood_patience);
    // Each is answered within the patience of a round trip, or this throws.
    while (worst.messages() < flood && wall_clock::now() < until) {
      for (auto& x : honest)
        x.round_trip();
      ++rounds;
    }
    CHECK(worst.messages() >= flood);
    CHECK(worst.connections() >= 1);
  }
  CHECK(rounds > 0);
  CHECK(ids_of(node, places) == before); // the same connections
  CHECK(node.stop());
}
