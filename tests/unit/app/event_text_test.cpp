// SPDX-License-Identifier: MIT
#include "app/event_text.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace peerage;

namespace {

std::string line(const char* json) {
  return event_line(nlohmann::ordered_json::parse(json));
}

} // namespace

TEST_CASE("when, what, about whom, and what else is known") {
  CHECK(line(R"({"seq":5,"time":1700000000.5,"type":"peer_ready","peer":7,
                 "address":"192.0.2.1:8333","direction":"outbound",
                 "user_agent":"/Satoshi:27.0.0/"})") ==
        "2023-11-14 22:13:20  peer_ready          peer 7 192.0.2.1:8333 out: "
        "/Satoshi:27.0.0/");
  CHECK(
    line(R"({"seq":6,"time":1700000000,"type":"dial_failed","address":"192.0.2.1:8333",
                 "direction":"outbound","reason":"connect_timeout","started_by":"node",
                 "evidence":"manual","deadline":1700000060,"count":3})") ==
    "2023-11-14 22:13:20  dial_failed         192.0.2.1:8333 out: connect_timeout "
    "by node, manual, until 2023-11-14 22:14:20, 3 times");
  CHECK(line(R"({"seq":7,"time":1700000000,"type":"misbehaviour","peer":7,"reason":"spam",
                 "score_before":10,"score_after":20.5})") ==
        "2023-11-14 22:13:20  misbehaviour        peer 7: spam, score 10 -> 20.5");
  CHECK(line(R"({"seq":1,"time":1700000000,"type":"node_started"})") ==
        "2023-11-14 22:13:20  node_started");
  CHECK(line(R"({"seq":1,"time":1700000000,"type":"network_active_changed",
                 "evidence":"off"})") ==
        "2023-11-14 22:13:20  network_active_changed  off");
}

TEST_CASE("gaps") {
  CHECK(line(R"({"type":"gap","from":3,"to":9})") ==
        "-- events 3 to 9 are no longer kept --");
  CHECK(line(R"({"type":"gap","from":1,"to":0,"reset":true})") ==
        "-- the node has started anew: these are all its events --");
}

TEST_CASE("what others say cannot steer the terminal") {
  CHECK(line(R"({"time":1,"type":"peer_ready","user_agent":"\u001b[2J"})") ==
        "1970-01-01 00:00:01  peer_ready          ?[2J");
  CHECK(line("[]").empty());
  CHECK(line(R"({"time":"x","type":3,"peer":-1})") == "-  3");
}
