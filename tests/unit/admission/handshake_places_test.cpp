// SPDX-License-Identifier: MIT
#include "actors/admission/handshake_places.hpp"

#include "tests/support/endpoints.hpp"

#include <doctest/doctest.h>

using namespace peerage;
using namespace peerage::test;
using namespace std::chrono_literals;
using outcome = handshake_places::outcome;

namespace {

const time_point start{1000h};

bool silent(peer_id) {
  return false;
}

} // namespace

TEST_CASE("handshake places: the longest under way goes first") {
  handshake_places places;
  CHECK_FALSE(places.worst(start, silent));
  CHECK_FALSE(places.displaced_by(at("50.1.1.1:1"), start, silent));
  places.insert(1, at("50.1.1.1:1"), start);
  places.insert(2, at("50.1.2.1:1"), start + 1ms);
  CHECK(places.displaced_by(at("50.1.3.1:1"), start + 2ms, silent) == 1);
  places.erase(1, outcome::finished, start + 2ms);
  CHECK(places.displaced_by(at("50.1.3.1:1"), start + 2ms, silent) == 2);
  CHECK(places.size() == 1);
}

TEST_CASE("handshake places: hosts with failed handshakes go before all others") {
  handshake_places places;
  places.insert(1, at("50.1.1.1:1"), start);
  places.erase(1, outcome::failed, start);
  places.insert(2, at("50.1.2.1:1"), start);
  places.insert(3, at("50.1.1.1:2"), start);
  CHECK(places.worst(start, silent) == 3);
  // It displaces none of a better record that may yet finish, and later only the longest
  // under way.
  places.erase(3, outcome::failed, start);
  CHECK_FALSE(places.displaced_by(at("50.1.1.1:3"), start, silent));
  CHECK(places.displaced_by(at("50.1.3.1:3"), start, silent) == 2);
  CHECK(places.displaced_by(at("50.1.1.1:3"), start + handshake_places::grace, silent) ==
        2);
}

TEST_CASE("handshake places: silent ones go before the others") {
  handshake_places places;
  places.insert(1, at("50.1.1.1:1"), start);
  places.insert(2, at("50.1.2.1:1"), start);
  auto first_has_spoken = [](peer_id id) { return id == 1; };
  CHECK(places.worst(start, first_has_spoken) == 1); // it is too early to tell
  const auto later = start + handshake_places::silence;
  CHECK(places.worst(later, first_has_spoken) == 2);
  places.insert(3, at("50.1.3.1:1"), later);
  CHECK(places.worst(later, [](peer_id id) { return id < 3; }) == 1);
}

TEST_CASE("handshake places: where one address stands for many, age decides") {
  handshake_places places;
  for (peer_id id = 1; id <= 100; ++id)
    places.insert(id, at("127.0.0.1:1"), start + id * 1ms);
  for (peer_id id = 101; id <= 200; ++id) {
    const auto now = start + id * 1ms;
    const auto gone = places.displaced_by(at("127.0.0.1:1"), now, silent);
    REQUIRE(gone == id - 100);
    places.erase(*gone, outcome::failed, now);
    places.insert(id, at("127.0.0.1:1"), now);
  }
}

TEST_CASE("handshake places: a record is cleaned by a good end, and by time") {
  handshake_places places;
  auto fails = [&](peer_id id, outcome how) {
    places.insert(id, at("50.1.1.1:1"), start);
    places.erase(id, how, start);
  };
  auto is_held_against_it = [&](std::chrono::seconds later) {
    places.insert(98, at("50.1.2.1:1"), start + later);
    places.insert(99, at("50.1.1.1:1"), start + later);
    const bool result = places.worst(start + later, silent) == 99;
    places.erase(98, outcome::ended, start + later);
    places.erase(99, outcome::ended, start + later);
    return result;
  };
  fails(1, outcome::ended);
  CHECK_FALSE(is_held_against_it(0s));
  fails(2, outcome::failed);
  CHECK(is_held_against_it(0s));
  CHECK_FALSE(is_held_against_it(handshake_places::memory));
  fails(3, outcome::finished);
  CHECK_FALSE(is_held_against_it(0s));
}

TEST_CASE("handshake places: in one range only those beyond the grace make room") {
  handshake_places places;
  places.insert(1, at("50.1.1.1:1"), start);
  places.insert(2, at("50.1.2.1:1"), start);
  CHECK_FALSE(places.displaced_in(host_of(at("50.1.2.1:2")), start));
  const auto later = start + handshake_places::grace;
  CHECK(places.displaced_in(host_of(at("50.1.2.1:2")), later) == 2);
  CHECK_FALSE(places.displaced_in(host_of(at("50.1.3.1:2")), later));
}

TEST_CASE("handshake places: the memory of hosts is bounded") {
  handshake_places places;
  for (std::uint32_t i = 0; i < 2 * handshake_places::max_hosts; ++i) {
    places.insert(i + 1,
                  ipv4_endpoint(50, static_cast<std::uint8_t>(i >> 16),
                                static_cast<std::uint8_t>(i >> 8),
                                static_cast<std::uint8_t>(i), 1),
                  start);
    places.erase(i + 1, outcome::failed, start);
  }
  CHECK(places.hosts() == handshake_places::max_hosts);
  CHECK(places.size() == 0);
}
