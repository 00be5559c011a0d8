// SPDX-License-Identifier: MIT
#include "tests/simulation/internet/scenario.hpp"

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>

/// Plays one night, or many, and says what it was like.
namespace {

using namespace peerage::test;

struct options {
  std::string scenario, without;
  std::uint64_t seed = 1;
  std::uint64_t seeds = 1;
  std::string trace;
  std::optional<std::uint64_t> until;
  scale size;
  bool twice = false;
  bool list = false;
};

/// What else than the seed was not as usual, so that a replay is the same night.
std::string size_arguments(const scale& x) {
  std::string result;
  if (x.duration != 1)
    result += fmt::format(" --duration {}", x.duration);
  if (x.nodes != 1)
    result += fmt::format(" --nodes {}", x.nodes);
  return result;
}

void print_figures(const outcome& x, double took) {
  for (const auto& [what, value] : x.found.figures())
    fmt::print("  {:<36} {}\n", what, value);
  fmt::print("  {:<36} {}\n", "steps", x.steps);
  fmt::print("  {:<36} {:.0f} s in {:.1f} s: {:.0f} a second\n", "virtual time",
             x.seconds, took, x.seconds / took);
  fmt::print("  {:<36} {}\n", "history", x.digest);
}

void print_failure(const outcome& x, const scenario& what, std::uint64_t seed,
                   const scale& size) {
  for (const auto& line : x.latest)
    fmt::print("{}\n", line);
  fmt::print("\nFAILED: scenario {}, seed {}, step {}, {:.3f} s: {}: {}\nreplay: "
             "peerage_sim --scenario {} --seed {}{}\n",
             what.name, seed, x.failed->step, x.failed->seconds, x.failed->invariant,
             x.failed->why, what.name, seed, size_arguments(size));
}

/// False if it failed.
bool play_one(const scenario& what, std::uint64_t seed, const options& given) {
  std::ofstream trace;
  world_options how{seed, nullptr, given.until};
  if (!given.trace.empty()) {
    trace.open(given.trace);
    how.trace = &trace;
  }
  const auto began = std::chrono::steady_clock::now();
  const auto found = play(what, how, given.size);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  if (!given.trace.empty() && !trace.flush()) {
    fmt::print(stderr, "peerage_sim: cannot write {}\n", given.trace);
    return false;
  }
  if (given.seeds == 1) {
    fmt::print("{} seed {}\n", what.name, seed);
    print_figures(found, took.count());
  } else {
    fmt::print("{:<20} seed {:<6} {:>7.0f} s, {:>9} steps, {:>5.1f} s, {}\n", what.name,
               seed, found.seconds, found.steps, took.count(), found.digest);
  }
  if (found.failed) {
    print_failure(found, what, seed, given.size);
    return false;
  }
  if (given.twice) {
    how.trace = nullptr;
    if (const auto again = play(what, how, given.size).digest; again != found.digest) {
      fmt::print("FAILED: scenario {}, seed {}: the second run had another history: {}\n",
                 what.name, seed, again);
      return false;
    }
  }
  std::fflush(stdout);
  return true;
}

void add_options(CLI::App& app, options& to) {
  app.add_option("--scenario", to.scenario, "What happens; all of them if not given");
  app.add_option("--without", to.without, "All but this scenario");
  app.add_option("--seed", to.seed, "Decides everything that is drawn")
    ->capture_default_str();
  app.add_option("--seeds", to.seeds, "Plays this many seeds, from --seed on")
    ->capture_default_str();
  app.add_option("--trace", to.trace, "Writes every step and event to this file");
  app.add_option("--until", to.until, "Ends before this step");
  app.add_option("--duration", to.size.duration, "Of the scenario's own length")
    ->check(CLI::PositiveNumber);
  app.add_option("--nodes", to.size.nodes, "Of the scenario's own number of nodes")
    ->check(CLI::PositiveNumber);
  app.add_flag("--twice", to.twice, "Plays each night again: it must be the same");
  app.add_flag("--list", to.list, "Lists the scenarios");
}

int play_all(const options& given) {
  for (auto seed = given.seed; seed < given.seed + given.seeds; ++seed)
    for (const auto& x : scenarios())
      if ((given.scenario.empty() || given.scenario == x.name) &&
          given.without != x.name && !play_one(x, seed, given))
        return 1;
  return 0;
}

} // namespace

int main(int count, char** words) {
  CLI::App app{
    "Plays nights of many whole nodes under virtual time: what one seed brings, "
    "it brings again.\n\n"
    "  peerage_sim --list\n"
    "  peerage_sim --scenario churn --seed 7\n"
    "  peerage_sim --seeds 20 --duration 0.01 --nodes 0.3   short ones of all\n"
    "  peerage_sim --scenario churn --seed 7 --trace out --until 120000"};
  options given;
  add_options(app, given);
  CLI11_PARSE(app, count, words);
  if (given.list) {
    for (const auto& x : scenarios())
      fmt::print("{:<20} {}\n", x.name, x.summary);
    return 0;
  }
  for (const auto& name : {given.scenario, given.without})
    if (!name.empty() && !find_scenario(name)) {
      fmt::print(stderr, "peerage_sim: there is no scenario {} (see --list)\n", name);
      return 2;
    }
  return play_all(given);
}
