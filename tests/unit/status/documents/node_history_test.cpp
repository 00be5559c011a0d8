// SPDX-License-Identifier: MIT
#include "actors/status/documents/node_history.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace peerage;
using namespace std::chrono_literals;

namespace {

const time_point start{1h};

peer_set_snapshot peers(std::uint64_t inbound, std::uint64_t outbound) {
  peer_set_snapshot result;
  result.inbound = inbound;
  result.outbound = outbound;
  result.ready = inbound + outbound;
  return result;
}

node_totals observed(std::initializer_list<double> pings) {
  duration_histogram all;
  for (auto x : pings)
    all.observe(x);
  node_totals result;
  result.pings = all.counts();
  return result;
}

} // namespace

TEST_CASE("a sample tells what happened since the one before") {
  node_history history;
  node_totals totals;
  totals.bytes_received = 1'000;
  totals.dials_failed = 3;
  history.add(start, 1'700'000'000.25, peers(1, 2), totals);
  totals.bytes_received += 6'000;
  totals.bytes_sent += 90;
  totals.dials_failed += 1;
  totals.dials_succeeded += 5;
  history.add(start + 60s, 1'700'000'060, peers(4, 5), totals);
  const auto found = history.samples();
  REQUIRE(found.size() == 2);
  CHECK(found[0].inbound == 1);
  CHECK(found[0].outbound == 2);
  CHECK(!found[0].received);
  CHECK(found[0].dials_failed == 3);
  CHECK(found[1].ready == 9);
  CHECK(found[1].received == 100);
  CHECK(found[1].sent == 2); // rounded: no more is known
  CHECK(found[1].dials_succeeded == 5);
  CHECK(found[1].dials_failed == 1);
  CHECK(to_json(found[0]).dump() ==
        R"({"dials_failed":3,"dials_succeeded":0,"inbound":1,"outbound":2,)"
        R"("ping_median":null,"ready":3,"received_per_second":null,)"
        R"("sent_per_second":null,"time":1700000000.3})");
}

TEST_CASE("rates follow the steady clock, however the other one is set") {
  node_history history;
  node_totals totals;
  history.add(start, 1'700'000'000, peers(0, 0), totals);
  totals.bytes_sent = 600;
  history.add(start + 60s, 1'600'000'000, peers(0, 0), totals);
  CHECK(history.samples().back().sent == 10);
  CHECK(history.samples().back().time == 1'600'000'000);
}

TEST_CASE("a day is kept, and no more") {
  node_history history;
  CHECK(history.samples().empty());
  for (std::size_t i = 0; i < node_history::most_samples + 10; ++i)
    history.add(start + i * node_history::pace, static_cast<double>(60 * i), peers(i, 0),
                {});
  const auto found = history.samples();
  REQUIRE(found.size() == 1'440);
  for (std::size_t i = 0; i < found.size(); ++i)
    REQUIRE(found[i].inbound == i + 10);
}

TEST_CASE("the median of a histogram's observations") {
  const auto none = node_totals{}.pings;
  CHECK(!median_between(none, none));
  // All of one bucket: its middle.
  CHECK(*median_between(none, observed({0.002, 0.002}).pings) ==
        doctest::Approx(0.00175));
  // The second of three is in the bucket from 25 to 50 ms.
  const auto mixed = observed({0.0001, 0.03, 7}).pings;
  CHECK(*median_between(none, mixed) == doctest::Approx(0.0375));
  // What was there before does not count.
  CHECK(!median_between(mixed, mixed));
  CHECK(*median_between(observed({0.0001, 0.03}).pings, mixed) == doctest::Approx(7.5));
  // Beyond the last bound, it is the least that is known.
  CHECK(*median_between(none, observed({100, 200}).pings) == 60);
}
