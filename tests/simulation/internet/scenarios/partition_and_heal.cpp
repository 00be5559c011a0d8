// SPDX-License-Identifier: MIT
#include "tests/simulation/internet/night.hpp"
#include "tests/simulation/internet/scenarios/scenarios.hpp"

namespace peerage::test::nights {

using namespace std::chrono_literals;

void partition_and_heal(world& in, const scale& size, report& found) {
  night torn{in, found};
  torn.add_nodes(size.of(40));
  torn.start_all(10s);
  torn.wait_for_peers(1h, "start");
  torn.asking().start(10s);
  const auto rounds = std::max<std::size_t>(size.of(std::size_t{6}), 1);
  for (std::size_t round = 0; round < rounds && !in.failed(); ++round) {
    std::vector<std::vector<host_id>> groups(2 + in.draws().below(2));
    for (const auto& node : torn.nodes())
      groups[in.draws().below(groups.size())].push_back(node->host());
    in.log("the network is torn");
    in.net().partition(groups);
    in.run_for(std::chrono::seconds{30 + in.draws().below(600)});
    in.log("the network heals");
    in.net().heal();
    in.run_for(std::chrono::seconds{30 + in.draws().below(600)});
  }
  torn.wait_for_peers(2h, "after the last healing");
  torn.finish();
}

} // namespace peerage::test::nights
