// SPDX-License-Identifier: MIT
#include "actors/base/actor_system_config.hpp"
#include "actors/base/log.hpp"
#include "actors/transport/asio_sockets.hpp"
#include "tests/interop/bcoin_fixture.hpp"
#include "tests/support/whole_node.hpp"

#include <algorithm>

/// A full set of peers, one of them bcoin, while others come and go.
namespace peerage::test {

namespace {

constexpr std::size_t wanted_peers = 25;
constexpr std::size_t living = 120;
constexpr std::size_t silent = 80;

/// Warnings only: hundreds of peers come and go.
class quiet_log {
public:
  quiet_log() { log::set_level(log::level::error); }
  quiet_log(const quiet_log&) = delete;
  quiet_log& operator=(const quiet_log&) = delete;
  ~quiet_log() { log::set_level(before_); }

private:
  log::level before_ = log::usual_level();
};

/// The one peer with that address.
peer_snapshot find(whole_node& node, const endpoint& place) {
  std::vector<peer_snapshot> found;
  for (auto& x : node.peers())
    if (x.info.remote == place)
      found.push_back(std::move(x));
  REQUIRE(found.size() == 1);
  return found.front();
}

} // namespace

TEST_CASE("bcoin stays while the set fills, loses half of the others, and fills again") {
  quiet_log quiet;
  bcoin_node remote;
  const auto bcoin_at = ipv4_endpoint(127, 0, 0, 1, remote.port());
  auto sockets = make_asio_sockets(dial_reach::loopback);
  actor_system_config config;
  caf::actor_system system{config};
  crowd others{system, living};
  auto told = others.places();
  for (const auto& place : dead_places(silent))
    told.push_back(place);

  well_informed_peer source{told};
  peer_manager_options options;
  options.discover = true;
  options.max_outbound = wanted_peers;
  options.manual = {source.place(), bcoin_at};
  whole_node node{system, sockets, std::move(options)};
  REQUIRE(node.reaches(wanted_peers));
  const auto before = find(node, bcoin_at);
  CHECK(before.info.user_agent == "/bcoin:v1.0.2/");
  // Dead addresses were among those dialed, or this test shows less than it says.
  const auto refused = static_cast<std::size_t>(peer_exit::connect_refused);
  CHECK(node.get<node_snapshot>(get_node_snapshot{}).failures[refused] > 0);

  std::vector<endpoint> ended;
  for (const auto& place : node.places())
    if (place != bcoin_at && place != source.place() && ended.size() < wanted_peers / 2)
      ended.push_back(place);
  REQUIRE(ended.size() == wanted_peers / 2);
  for (const auto& place : ended)
    others.stop(place);
  REQUIRE(eventually([&] { return node.ended() >= ended.size(); }));
  REQUIRE(node.reaches(wanted_peers));

  const auto now = node.places();
  for (const auto& place : ended)
    CHECK(std::ranges::find(now, place) == now.end());
  CHECK(find(node, bcoin_at).info.id == before.info.id); // the same connection
  CHECK(remote.command({{"cmd", "peers"}})["peers"].size() == 1);
  CHECK(node.stop());
}

} // namespace peerage::test
