// SPDX-License-Identifier: MIT
#include "app/status_report.hpp"

#include <doctest/doctest.h>

using namespace peerage;

namespace {

constexpr auto smallest = R"({"node": {}, "peers": {}})";

std::optional<status_report> read_peer_alone(const std::string& peer) {
  return read_status_report(smallest, "[" + peer + "]");
}

} // namespace

TEST_CASE("every field that is shown") {
  auto found = read_status_report(R"({
    "node": {"name": "peerage", "version": "1.2.3", "user_agent": "/us/", "pid": 7,
             "uptime": 8.5, "listening": ["127.0.0.1:1", "[::1]:2"]},
    "network": "regtest", "network_active": false,
    "peers": {"total": 5, "ready": 3, "unready": 2, "inbound": 1, "outbound": 4},
    "dialing": 6, "handshaking": 9, "address_book": {"total": 10, "tried": 11}, "bans": 12,
    "traffic": {"bytes_received": 13, "bytes_sent": 14},
    "exits": {"remote_closed": 15}, "failures": {"refused": 16}})",
                                  R"([{
    "id": 17, "direction": "outbound", "state": "ready", "connection_type": "manual",
    "address": "127.0.0.1:3", "user_agent": "/them/", "protocol_version": 70016,
    "lowest_ping": 0.25, "ping": 0.5, "last_sent": 18.5, "last_received": 19.5,
    "last_transaction": 20.5, "last_block": 21.5, "connected_since": 22.5,
    "bytes_received": 23, "bytes_sent": 24}])");
  REQUIRE(found);
  const auto& x = *found;
  CHECK(x.name == "peerage");
  CHECK(x.version == "1.2.3");
  CHECK(x.user_agent == "/us/");
  CHECK(x.pid == 7);
  CHECK(x.uptime == 8.5);
  CHECK(x.listening == std::vector<std::string>{"127.0.0.1:1", "[::1]:2"});
  CHECK(x.network == "regtest");
  CHECK_FALSE(x.network_active);
  CHECK(x.total == 5);
  CHECK(x.ready == 3);
  CHECK(x.unready == 2);
  CHECK(x.inbound == 1);
  CHECK(x.outbound == 4);
  CHECK(x.dialing == 6);
  CHECK(x.handshaking == 9);
  CHECK(x.known_addresses == 10);
  CHECK(x.tried_addresses == 11);
  CHECK(x.bans == 12);
  CHECK(x.bytes_received == 13);
  CHECK(x.bytes_sent == 14);
  CHECK(x.exits == named_counts{{"remote_closed", 15}});
  CHECK(x.failures == named_counts{{"refused", 16}});
  REQUIRE(x.peers.size() == 1);
  const auto& peer = x.peers[0];
  CHECK(peer.id == 17);
  CHECK(peer.outbound);
  CHECK(peer.ready);
  CHECK(peer.type == "manual");
  CHECK(peer.address == "127.0.0.1:3");
  CHECK(peer.user_agent == "/them/");
  CHECK(peer.protocol_version == 70016);
  CHECK(peer.lowest_ping == 0.25);
  CHECK(peer.ping == 0.5);
  CHECK(peer.last_sent == 18.5);
  CHECK(peer.last_received == 19.5);
  CHECK(peer.last_transaction == 20.5);
  CHECK(peer.last_block == 21.5);
  CHECK(peer.connected_since == 22.5);
  CHECK(peer.bytes_received == 23);
  CHECK(peer.bytes_sent == 24);
}

TEST_CASE("what is not a node's document") {
  CHECK(read_status_report(smallest, "[]"));
  for (auto status : {"", "{", "null", "[]", "3", "{}", R"({"node": {}})",
                      R"({"node": 1, "peers": {}})", R"({"node": {}, "peers": []})"})
    CHECK_FALSE(read_status_report(status, "[]"));
  for (auto peers : {"", "[", "null", "{}", "\"x\""})
    CHECK_FALSE(read_status_report(smallest, peers));
}

TEST_CASE("fields that are missing, null, or something else than they should be") {
  for (auto peer : {R"({})", R"({"id": null, "ping": null, "user_agent": null})",
                    R"({"id": -1, "ping": "fast", "user_agent": 3, "last_block": []})",
                    R"({"id": 1e300, "direction": {}, "address": false})"}) {
    auto found = read_peer_alone(peer);
    REQUIRE(found);
    REQUIRE(found->peers.size() == 1);
    CHECK(found->peers[0].id == 0);
    CHECK_FALSE(found->peers[0].ping);
    CHECK(found->peers[0].user_agent.empty());
  }
  CHECK(read_peer_alone("3")->peers.empty());
  auto odd = read_status_report(R"({"node": {"listening": "here", "uptime": "long"},
    "peers": {}, "exits": [1], "traffic": 3, "network_active": "yes"})",
                                "[]");
  REQUIRE(odd);
  CHECK(odd->exits.empty());
  CHECK(odd->uptime == 0);
  CHECK(odd->network_active);
}

TEST_CASE("texts are made printable as they are read") {
  auto found = read_peer_alone(R"({"user_agent": "\u001b[2J/evil/\n", "address": "a\rb",
                                   "connection_type": "\u009b"})");
  REQUIRE(found);
  CHECK(found->peers[0].user_agent == "?[2J/evil/?");
  CHECK(found->peers[0].address == "a?b");
  CHECK(found->peers[0].type == "??");
  auto names = read_status_report(
    R"({"node": {"name": "\u0007"}, "peers": {}, "exits": {"\u001bc": 1}})", "[]");
  REQUIRE(names);
  CHECK(names->name == "?");
  CHECK(names->exits == named_counts{{"?c", 1}});
}
