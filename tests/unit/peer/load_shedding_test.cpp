// SPDX-License-Identifier: MIT
#include "actors/peer/load_shedding.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <map>

using namespace peerage;
using namespace std::chrono_literals;

namespace {

const time_point start{24h};

} // namespace

TEST_CASE("the odds at an overload fall with the square of the time since the last") {
  CHECK(load_shedding::end_probability(0s) == doctest::Approx(0.5));
  CHECK(load_shedding::end_probability(100ms) == doctest::Approx(0.4955));
  CHECK(load_shedding::end_probability(500ms) == doctest::Approx(0.3875));
  CHECK(load_shedding::end_probability(1s) == doctest::Approx(0.05));
  CHECK(load_shedding::end_probability(24h) == doctest::Approx(0.05));
}

TEST_CASE("an overload draws with those odds") {
  random_source random{7};
  int first = 0, again = 0, after_pause = 0;
  const int trials = 4'000;
  for (int i = 0; i < trials; ++i) {
    load_shedding shed;
    first += shed.should_end(start, random);
    again += shed.should_end(start + 1ms, random);
    after_pause += shed.should_end(start + 2s, random);
  }
  // Four standard deviations of a coin of 0.05 or 0.5 are 55 and 127.
  CHECK(std::abs(first - trials / 20) < 60);
  CHECK(std::abs(again - trials / 2) < 130);
  CHECK(std::abs(after_pause - trials / 20) < 60);
}

TEST_CASE("one flooder goes, the others mostly stay") {
  int flooder_ticks = 0, honest_lost = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    random_source random{seed};
    std::map<int, load_shedding> peers;
    for (int id = 0; id <= 50; ++id)
      peers[id];
    // For 10 s the node is overloaded: peer 0 asks every 10 ms, each other every 5 s.
    for (int tick = 0; tick < 1'000; ++tick) {
      auto now = start + tick * 10ms;
      for (auto peer = peers.begin(); peer != peers.end();) {
        auto& [id, shed] = *peer;
        auto asks = id == 0 || tick % 500 == id;
        peer = asks && shed.should_end(now, random) ? peers.erase(peer) : std::next(peer);
      }
      flooder_ticks += static_cast<int>(peers.contains(0));
    }
    CHECK_FALSE(peers.contains(0));
    honest_lost += 50 - static_cast<int>(peers.size());
  }
  CHECK(flooder_ticks < 40 * 10);          // a tenth of a second each, on average
  CHECK(honest_lost < 40 * 50 * 15 / 100); // 10 % are expected of two overloads each
}
