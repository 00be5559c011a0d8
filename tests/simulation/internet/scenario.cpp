// SPDX-License-Identifier: MIT
#include "tests/simulation/internet/scenario.hpp"

#include "tests/simulation/internet/scenarios/scenarios.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace peerage::test {

std::chrono::nanoseconds scale::of(std::chrono::nanoseconds whole) const {
  return std::chrono::nanoseconds{
    static_cast<std::int64_t>(static_cast<double>(whole.count()) * duration)};
}

std::size_t scale::of(std::size_t whole) const {
  return std::max<std::size_t>(
    static_cast<std::size_t>(static_cast<double>(whole) * nodes), 2);
}

const std::vector<scenario>& scenarios() {
  static const std::vector<scenario> result{
    {"steady_day", "60 nodes find each other, and nothing happens for 24 hours",
     nights::steady_day},
    {"churn", "each of 60 nodes lives for 1 to 30 minutes, again and again",
     nights::churn},
    {"partition_and_heal", "the network is torn in two or three, and heals, six times",
     nights::partition_and_heal},
    {"mass_disconnect", "four of five connections end at once, or go silent",
     nights::mass_disconnect},
    {"clock_jumps", "the clocks of 30 nodes are set by up to an hour, every minute",
     nights::clock_jumps},
    {"descriptor_famine", "half of 30 nodes have hardly a descriptor, six times",
     nights::descriptor_famine},
    {"slow_readers", "slow lines, and strangers that ask for much and do not read",
     nights::slow_readers},
    {"one_flooder", "a node among honest peers is flooded, in six ways",
     nights::one_flooder},
    {"eclipse_attempt", "an attacker has a hundred times the addresses, in few networks",
     nights::eclipse_attempt},
    {"restarts", "30 nodes keep state on failing disks, and end at any moment",
     nights::restarts},
    {"strangers_everywhere", "20 nodes among remotes that misbehave in every way we know",
     nights::strangers_everywhere},
    {"stop_in_the_middle", "nodes are told to stop while they start, dial and answer",
     nights::stop_in_the_middle},
  };
  return result;
}

const scenario* find_scenario(std::string_view name) {
  const auto& all = scenarios();
  const auto found = std::ranges::find(all, name, &scenario::name);
  return found == all.end() ? nullptr : &*found;
}

outcome play(const scenario& what, const world_options& options, const scale& size) {
  outcome result;
  world in{options};
  what.play(in, size, result.found);
  result.failed = in.failed();
  result.digest = in.digest();
  result.latest = in.latest();
  result.steps = in.steps();
  result.seconds = in.time().seconds();
  return result;
}

} // namespace peerage::test
