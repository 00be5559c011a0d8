// SPDX-License-Identifier: MIT
#include "tests/interop/bcoin_fixture.hpp"

#include <numeric>

/// Handshake, pings, the end of a peer, and what it says unasked or not at all.
namespace peerage::test {

namespace {

BOTH_WAYS("a handshake introduces the two sides to each other") {
  lone_peer peer{Side::direction};
  const auto& info = peer.info;
  CHECK(info.direction == Side::direction);
  CHECK(info.remote.is_loopback());
  CHECK(info.remote_protocol == 70015);
  CHECK(info.protocol == 70015);
  CHECK(info.services == bcoin_services);
  CHECK(info.user_agent == "/bcoin:v1.0.2/");
  CHECK(info.start_height == height_of(bcoin()));
  CHECK(info.relay);
  CHECK_FALSE(info.wtxidrelay);
  CHECK_FALSE(info.addrv2);
  CHECK(info.handshake > 0s);
  CHECK(info.time_offset >= -2);
  CHECK(info.time_offset <= 2);

  auto seen = peer.seen_by_bcoin();
  CHECK(seen["outbound"] == (Side::direction == peer_direction::inbound));
  CHECK(seen["handshake"] == true);
  CHECK(seen["version"] == wire::limits::protocol_version);
  CHECK(seen["services"] == our_services);
  CHECK(seen["agent"] == peer.context->identity.user_agent);
  CHECK(seen["ban_score"] == 0);
}

BOTH_WAYS("nothing that a real node says is odd to us") {
  lone_peer peer{Side::direction};
  peer.check_alive();
  auto snapshot = peer.get<peer_snapshot>(get_peer_snapshot{});
  const auto& ignored = snapshot.traffic.ignored;
  // It asks every peer for addresses; one that we dialed gets none, as from Core.
  auto getaddr = ignored[static_cast<std::size_t>(ignored::repeated_getaddr)];
  CHECK(getaddr == (Side::direction == peer_direction::outbound ? 1 : 0));
  CHECK(std::accumulate(ignored.begin(), ignored.end(), std::uint64_t{0}) == getaddr);
}

BOTH_WAYS("latency is measured") {
  lone_peer peer{Side::direction};
  auto round_trip = peer.get<latency>(measure_latency{}).round_trip;
  CHECK(round_trip > 0s);
  CHECK(round_trip < 1s);
}

BOTH_WAYS("dropping the client ends the peer at bcoin") {
  lone_peer peer{Side::direction};
  peer.client = nullptr;
  auto closed = peer.node.wait_event(
    "peer_closed", [&](const json& x) { return x["id"] == peer.at_bcoin["id"]; });
  CHECK(closed["handshake"] == true);
}

BOTH_WAYS("a peer stays connected over ten ping intervals") {
  // bcoin pings as well, which the shared one does too seldom to be seen.
  bcoin_node pinging{{"--ping-interval", "0.2"}};
  constexpr auto interval = 200ms;
  lone_peer peer{Side::direction, pinging, interval};
  peer.self->monitor(peer.client);
  std::optional<peer_exit> ended;
  peer.self->receive([&](const caf::down_msg& x) { ended = exit_of(x.reason); },
                     caf::after(10 * interval + interval / 2) >> [] {});
  auto ended_with = ended ? to_string(*ended) : "";
  INFO("the peer ended: ", ended_with);
  REQUIRE_FALSE(ended);

  auto snapshot = peer.get<peer_snapshot>(get_peer_snapshot{});
  CHECK(snapshot.info.id == peer.info.id);
  CHECK(snapshot.last_ping > 0s);
  CHECK(snapshot.last_ping < 1s);
  // Each side sent about ten pings and ten pongs. bcoin's timer may have missed one.
  CHECK(snapshot.traffic.messages_sent >= 19);
  CHECK(snapshot.traffic.messages_received >= 19);
  CHECK(snapshot.traffic.ignored[static_cast<std::size_t>(ignored::odd_pong)] == 0);

  auto seen = peer.seen_by_bcoin(); // by the id of its first event
  REQUIRE(seen["last_pong"].is_number());
  CHECK(seen["last_pong"].get<double>() > snapshot.connected_since + 1.5);
  CHECK(pinging.command({{"cmd", "peers"}})["peers"].size() == 1);
}

BOTH_WAYS("an empty address book is answered with silence") {
  lone_peer peer{Side::direction};
  CHECK(peer.failure_of<addresses>(get_addresses{short_wait}) == request_error::timeout);
  peer.check_alive();
  if constexpr (Side::direction == peer_direction::inbound) // it asks us, too
    peer.hear<serve_addresses>(
      [&](const serve_addresses& x) { return x.peer == peer.info.id; });
}

} // namespace

} // namespace peerage::test
