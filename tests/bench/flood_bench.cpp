// SPDX-License-Identifier: MIT
// The effect of one flooding peer on the latency of the others: 50 honest peers measure
// ping to pong at a running node, once while it is calm and once while it is flooded.
//   flood_bench ADDR:PORT SECONDS

#include "tests/support/flooder.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <stdexcept>
#include <thread>

namespace {

using namespace peerage;
using namespace peerage::test;
using seconds = std::chrono::duration<double>;

constexpr std::size_t honest_peers = 50;
/// Between two pings of all peers together: the honest ones are no load themselves.
constexpr std::chrono::milliseconds pace{1};

/// Ping to pong, in seconds, of all peers in turn.
std::vector<double> measure(std::vector<raw_peer>& peers, seconds duration) {
  std::vector<double> result;
  const auto until = wall_clock::now() + duration;
  while (wall_clock::now() < until)
    for (auto& x : peers) {
      const auto began = wall_clock::now();
      x.round_trip();
      result.push_back(seconds(wall_clock::now() - began).count());
      std::this_thread::sleep_for(pace);
    }
  return result;
}

double percentile(std::vector<double> x, double part) {
  const auto at =
    x.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(x.size() - 1));
  std::ranges::nth_element(x, at);
  return *at;
}

void run(const endpoint& at, seconds duration) {
  std::vector<raw_peer> honest;
  for (std::size_t i = 0; i < honest_peers; ++i) {
    const auto from = ipv4_endpoint(127, 20, static_cast<std::uint8_t>(i), 1, 0);
    honest.push_back(raw_peer::connect(at, from));
    honest.back().shake_hands();
  }
  measure(honest, duration / 10); // warm
  const auto calm = measure(honest, duration);
  flooder worst{at, ipv4_endpoint(127, 30, 1, 1, 0)};
  const auto until = in(patience);
  while (worst.messages() == 0) {
    if (wall_clock::now() > until)
      throw std::runtime_error("the flooder was not let in");
    std::this_thread::yield();
  }
  const auto before = worst.messages();
  const auto flooded = measure(honest, duration);
  std::printf("{\"calm_p50_us\": %.1f, \"calm_p99_us\": %.1f, \"flooded_p50_us\": %.1f, "
              "\"flooded_p99_us\": %.1f, \"p99_ratio\": %.2f, "
              "\"flood_messages_per_second\": %.0f, \"flooder_connections\": %llu}\n",
              1e6 * percentile(calm, 0.5), 1e6 * percentile(calm, 0.99),
              1e6 * percentile(flooded, 0.5), 1e6 * percentile(flooded, 0.99),
              percentile(flooded, 0.99) / percentile(calm, 0.99),
              static_cast<double>(worst.messages() - before) / duration.count(),
              static_cast<unsigned long long>(worst.connections()));
}

} // namespace

int main(int argc, char** argv) {
  endpoint at;
  const auto duration = argc == 3 ? std::strtod(argv[2], nullptr) : 0.0;
  if (!(duration > 0) || !parse_endpoint(argv[1], 0, at)) {
    std::fprintf(stderr, "usage: flood_bench ADDR:PORT SECONDS\n");
    return 2;
  }
  try {
    run(at, seconds(duration));
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "flood_bench: %s\n", problem.what());
    return 1;
  }
}
