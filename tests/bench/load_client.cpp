// SPDX-License-Identifier: MIT
// The load of the benchmarks: a single-threaded client for regtest that costs as little
// as possible itself. Everything it sends in numbers is built beforehand, checksums
// included, and the pongs it waits for are compared as whole messages. One line of JSON
// is the result (`hold` prints several); whatever keeps the server from doing its part
// ends the program with status 1.

#include "tests/bench/load/handshake_load.hpp"
#include "tests/bench/load/held_load.hpp"
#include "tests/bench/load/idle_load.hpp"
#include "tests/bench/load/ping_load.hpp"
#include "tests/bench/load/throughput_load.hpp"
#include "tests/bench/program.hpp"

#include <unistd.h>

#include <cstdio>
#include <memory>
#include <span>
#include <string_view>

using namespace bench;

namespace {

std::unique_ptr<load> make_load(const options& given) {
  if (given.subcommand == "hold")
    return std::make_unique<held_load>(given);
  if (given.subcommand == "pings")
    return std::make_unique<ping_load>(given);
  if (given.subcommand == "handshakes")
    return std::make_unique<handshake_load>(given);
  if (given.subcommand == "throughput")
    return std::make_unique<throughput_load>(given);
  return std::make_unique<idle_load>(given);
}

} // namespace

int main(int argument_count, char** arguments) {
  const std::span all{arguments, static_cast<std::size_t>(argument_count)};
  if (all.size() == 2 && std::string_view{all[1]} == "--help") {
    std::fputs(usage, stdout);
    return 0;
  }
  try {
    const options given = parse_options(all);
    // Every wait below has its own end; this is for unforeseen ones.
    ::alarm(static_cast<unsigned>(given.duration.count()) + 90);
    std::puts(make_load(given)->run().c_str());
  } catch (const usage_problem& problem) {
    std::fprintf(stderr, "load_client: %s\n%s", problem.what(), usage);
    return 2;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "load_client: %s\n", problem.what());
    return 1;
  }
  return 0;
}
