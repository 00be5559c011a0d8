// SPDX-License-Identifier: MIT
#include "app/status_view.hpp"

#include <doctest/doctest.h>

using namespace peerage;

namespace {

constexpr double now = 1'700'000'000;

peer_report some_peer(std::uint64_t id, bool outbound,
                      std::optional<double> lowest_ping) {
  peer_report result;
  result.id = id;
  result.outbound = outbound;
  result.ready = true;
  result.type = outbound ? "outbound-full-relay" : "inbound";
  result.address = "192.0.2." + std::to_string(id) + ":8333";
  result.user_agent = "/Satoshi:27.0.0/";
  result.protocol_version = 70016;
  result.lowest_ping = result.ping = lowest_ping;
  result.last_sent = now - 3;
  result.last_received = now - 64;
  result.connected_since = now - 7300;
  result.bytes_received = 2048;
  result.bytes_sent = 100;
  return result;
}

status_report some_node() {
  status_report result;
  result.name = "peerage";
  result.version = "0.1.0";
  result.network = "regtest";
  result.user_agent = "/peerage:0.1.0/";
  result.pid = 42;
  result.uptime = 725;
  result.listening = {"127.0.0.1:18444"};
  return result;
}

status_report node_with(std::size_t count) {
  auto result = some_node();
  result.total = result.ready = result.outbound = count;
  for (std::size_t i = 1; i <= count; ++i)
    result.peers.push_back(some_peer(i, true, 0.001 * static_cast<double>(i)));
  return result;
}

/// The line that starts like this; fails if there is none.
std::string line_of(const std::vector<std::string>& lines, const std::string& start) {
  for (const auto& line : lines)
    if (line.starts_with(start))
      return line;
  FAIL("no line starts with " << start);
  return {};
}

} // namespace

TEST_CASE("the summary") {
  auto x = some_node();
  x.total = 24, x.ready = 20, x.unready = 4, x.outbound = 16, x.inbound = 8;
  x.dialing = 2, x.handshaking = 1;
  x.known_addresses = 250, x.tried_addresses = 24, x.bans = 3;
  x.bytes_received = 1258291, x.bytes_sent = 348160;
  x.exits = {{"ping_timeout", 1}, {"remote_closed", 30}, {"banned", 1}};
  x.failures = {{"a", 1}, {"b", 2}, {"c", 9}, {"d", 8}, {"e", 7}, {"f", 3}};
  CHECK(status_lines(x, now, {}) ==
        std::vector<std::string>{
          "peerage 0.1.0 on regtest, up 12m 5s, pid 42, /peerage:0.1.0/",
          "listening  127.0.0.1:18444",
          "peers      24: 20 ready, 4 unready; 16 outbound, 8 inbound",
          "dials      2 in flight, 1 in handshake; failed: 9 c, 8 d, 7 e, 3 f, 3 others",
          "traffic    1.2 MiB received, 340 KiB sent",
          "addresses  250 known, 24 tried; 3 banned",
          "peers left 30 remote_closed, 1 ping_timeout, 1 banned",
        });
}

TEST_CASE("a node that has nothing yet, or is cut off") {
  auto x = some_node();
  x.listening.clear();
  x.network_active = false;
  auto lines = status_lines(x, now, {});
  CHECK(lines[0].ends_with(", NETWORK OFF"));
  CHECK(line_of(lines, "listening") == "listening  nowhere");
  CHECK(line_of(lines, "peers left") == "peers left none");
}

TEST_CASE("a peer's row") {
  auto x = node_with(1);
  x.peers.push_back(some_peer(2, false, std::nullopt));
  x.peers[0].last_transaction = now - 90;
  x.peers[0].last_block = now - 90000;
  x.peers[1].ready = false;
  x.peers[1].address = "[2001:db8::1]:8333";
  x.peers[1].last_sent = now + 5; // its clock is ahead
  auto lines = status_lines(x, now, {});
  auto size = lines.size();
  CHECK(lines[size - 4].empty());
  CHECK(lines[size - 3] ==
        "id  dir  type  net   state    min ping    ping  send  recv  txn  blk  age  "
        "received   sent  address             proto  version");
  CHECK(lines[size - 2] ==
        " 1  out  full  ipv4  ready      1.0 ms  1.0 ms    3s    1m   1m   1d   2h   "
        "2.0 KiB  100 B  192.0.2.1:8333      70016  /Satoshi:27.0.0/");
  CHECK(lines[size - 1] ==
        " 2  in         ipv6  unready         -       -    0s    1m    -    -   2h   "
        "2.0 KiB  100 B  [2001:db8::1]:8333  70016  /Satoshi:27.0.0/");
}

TEST_CASE("outbound peers come first, each kind by its lowest ping, then by id") {
  auto x = some_node();
  x.peers = {some_peer(1, false, 0.001),  some_peer(2, true, std::nullopt),
             some_peer(3, true, 0.5),     some_peer(4, true, 0.02),
             some_peer(5, false, 0.0005), some_peer(6, true, 0.02)};
  auto lines = status_lines(x, now, {});
  std::string order;
  for (auto i = lines.size() - 6; i < lines.size(); ++i)
    order += lines[i].substr(0, 3);
  CHECK(order == " 4  6  3  2  5  1 ");
}

TEST_CASE("narrow terminals keep what matters most") {
  auto headings = [](std::size_t width) {
    auto lines = status_lines(node_with(3), now, {width, {}});
    return lines[lines.size() - 4];
  };
  CHECK(headings(200).find("sent") != std::string::npos);
  CHECK(headings(90) ==
        "id  dir  type  net   min ping  send  recv  txn  blk  age  address         "
        "version");
  CHECK(headings(80) ==
        "id  dir  type  min ping  send  recv  txn  blk  address         version");
  CHECK(headings(60) == "id  dir  type  min ping  address         version");
  CHECK(headings(30) == "id  dir  type  address");
}

TEST_CASE("only the selected peers are shown, and counted") {
  auto lines = status_lines(node_with(50), now, {120, 20}, {"id", true, "192.0.2.4"});
  CHECK(lines.size() == 20); // 4 and 40 to 49
  CHECK(lines[9].starts_with("49"));
  CHECK(lines.back().starts_with(" 4"));
  lines = status_lines(node_with(50), now, {120, 16}, {{}, false, "192.0.2.4"});
  CHECK(lines.back() == "... and 5 more"); // 7 + 1 + 1 lines come before 6 peers
  lines = status_lines(node_with(50), now, {}, {{}, false, "nobody"});
  CHECK(lines.back().starts_with("peers left"));
}

TEST_CASE("never wider nor higher than the terminal") {
  auto many = node_with(50);
  many.peers[7].address = "[2001:db8:1111:2222:3333:4444:5555:6666]:65535";
  for (std::size_t width = 1; width < 200; width += 3)
    for (std::size_t height = 1; height < 70; ++height) {
      auto lines = status_lines(many, now, {width, height});
      CHECK(lines.size() <= height);
      for (const auto& line : lines)
        CHECK(line.size() <= width);
    }
}

TEST_CASE("peers that have no room are counted") {
  auto lines = status_lines(node_with(50), now, {120, 24});
  CHECK(lines.size() == 24);
  CHECK(lines.back() == "... and 36 more"); // 7 + 1 + 1 lines come before 14 peers
  lines = status_lines(node_with(15), now, {120, 24});
  CHECK(lines.size() == 24);
  CHECK(lines.back().find("192.0.2.15:8333") != std::string::npos);
  lines = status_lines(node_with(16), now, {120, 24});
  CHECK(lines.size() == 24);
  CHECK(lines.back() == "... and 2 more");
}

TEST_CASE("in a low terminal the peers matter more than the summary") {
  auto lines = status_lines(node_with(50), now, {120, 10});
  CHECK(lines.size() == 10);
  CHECK(lines[1].starts_with("peers "));
  CHECK(lines[3].find("address") != std::string::npos);
  CHECK(lines.back() == "... and 45 more");
}
