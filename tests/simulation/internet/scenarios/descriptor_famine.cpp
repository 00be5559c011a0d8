// SPDX-License-Identifier: MIT
#include "tests/simulation/internet/night.hpp"
#include "tests/simulation/internet/scenarios/scenarios.hpp"

namespace peerage::test::nights {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t plenty = 1'024;

} // namespace

void descriptor_famine(world& in, const scale& size, report& found) {
  night starved{in, found};
  starved.add_nodes(size.of(30));
  starved.start_all(10s);
  starved.wait_for_peers(1h, "start");
  starved.asking().start(10s);
  const auto rounds = std::max<std::size_t>(size.of(std::size_t{6}), 1);
  for (std::size_t round = 0; round < rounds && !in.failed(); ++round) {
    in.log("descriptors are short");
    for (const auto& node : starved.nodes())
      if (in.draws().below(2) == 0)
        in.net().set_descriptors(node->host(), 2 + in.draws().below(10));
    // Connections end, and their places are wanted again.
    in.net().trouble_some(internet::trouble::reset, 0.5);
    in.run_for(size.of(10min));
    in.log("descriptors are plenty");
    for (const auto& node : starved.nodes())
      in.net().set_descriptors(node->host(), plenty);
    in.run_for(size.of(5min));
  }
  starved.wait_for_peers(2h, "after the famine");
  starved.finish();
}

} // namespace peerage::test::nights
