// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "actors/base/actor_system_config.hpp"
#include "actors/dialing/saved_dials.hpp"
#include "actors/storage/state_file.hpp"
#include "actors/storage/system_disk.hpp"
#include "actors/transport/asio_sockets.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/whole_node.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

/// A whole node that is told of strangers, over real sockets: it fills its places though
/// many do not answer, fills them again when half of its peers end at once, remembers
/// what it knew across a restart, and leaves nothing behind (I16).
using namespace peerage;
using namespace peerage::test;

namespace {

constexpr std::size_t wanted_peers = 25;
constexpr std::size_t living = 120;
constexpr std::size_t silent = 80;

const auto& regtest = wire::parameters(wire::network::regtest);

peer_manager_options discovering(const std::filesystem::path& folder) {
  peer_manager_options result;
  result.discover = true;
  result.max_outbound = wanted_peers;
  result.directory = folder;
  return result;
}

std::vector<endpoint> saved_anchors(const std::filesystem::path& folder) {
  auto found = load_state_file(*system_disk(), folder / "dials.json", saved_dials::kind,
                               saved_dials::version);
  REQUIRE_MESSAGE(found.body, found.report);
  CHECK(found.report == "");
  return saved_dials_from_json(*found.body).anchors;
}

/// In any order.
std::set<endpoint> unordered(const std::vector<endpoint>& x) {
  return {x.begin(), x.end()};
}

} // namespace

TEST_CASE("a node fills its places, fills them again, and starts where it ended") {
  temporary_directory folder;
  actor_system_config config;
  auto sockets = make_asio_sockets(dial_reach::loopback); // outlives the actors
  caf::actor_system system{config};
  auto now = [&] {
    return resources{system.registry().running() - test_actor::alive(),
                     open_descriptors(), running_threads()};
  };
  // A provider opens what it polls with when it is first used.
  std::string error;
  auto first = sockets->listen(ipv4_endpoint(127, 0, 0, 1, 0), regtest.magic, error);
  REQUIRE_MESSAGE(first, error);
  const auto with_acceptor = open_descriptors();
  first.reset();
  REQUIRE(eventually([&] { return open_descriptors() == with_acceptor - 1; }));
  const auto baseline = now();
  {
    crowd others{system, living};
    auto told = others.places();
    for (const auto& place : dead_places(silent))
      told.push_back(place);
    const auto told_set = unordered(told);
    std::vector<endpoint> best;
    std::map<endpoint, bool> known;

    {
      well_informed_peer source{told};
      auto options = discovering(folder.path());
      options.manual = {source.place()};
      whole_node node{system, sockets, std::move(options)};
      REQUIRE(node.reaches(wanted_peers));
      auto peers = node.places();
      REQUIRE(peers.size() == wanted_peers);
      CHECK(std::erase(peers, source.place()) == 1);
      const auto first_peers = unordered(peers);
      CHECK(first_peers.size() == wanted_peers - 1);
      CHECK(std::ranges::includes(told_set, first_peers));
      // Dead addresses were among those dialed, or this test shows less than it says.
      const auto refused = static_cast<std::size_t>(peer_exit::connect_refused);
      CHECK(node.get<node_snapshot>(get_node_snapshot{}).failures[refused] > 0);

      // The older half, so that the anchors have to be others than at first.
      const std::vector<endpoint> ended(peers.begin(), peers.begin() + 12);
      for (const auto& place : ended)
        others.stop(place);
      REQUIRE(eventually([&] { return node.ended() >= ended.size(); }));
      REQUIRE(node.reaches(wanted_peers));
      const auto second_peers = unordered(node.places());
      CHECK(second_peers.contains(source.place()));
      for (const auto& place : ended)
        CHECK_FALSE(second_peers.contains(place));
      best = {peers[12], peers[13]};

      known = node.known();
      // All are from one source, so one in ten finds its place taken.
      CHECK(known.size() > told.size() * 3 / 4);
      for (const auto& [place, tried] : known)
        CHECK(told_set.contains(place));
      CHECK(std::ranges::count_if(known, [](const auto& x) { return x.second; }) >
            static_cast<std::ptrdiff_t>(wanted_peers));
      REQUIRE(node.stop());
    }

    const auto anchors = saved_anchors(folder.path());
    CHECK(unordered(anchors) == unordered(best));

    // No peer is manual, and the one that told of all others is away.
    whole_node node{system, sockets, discovering(folder.path())};
    CHECK(node.known() == known);
    REQUIRE(node.reaches(wanted_peers));
    auto peers = node.places();
    REQUIRE(peers.size() == wanted_peers);
    CHECK(unordered({peers[0], peers[1]}) == unordered(anchors));
    CHECK(std::ranges::includes(told_set, unordered(peers)));
    REQUIRE(node.stop());
  }
  CHECK(eventually([&] { return now() == baseline; }));
  CHECK(now() == baseline);
}
