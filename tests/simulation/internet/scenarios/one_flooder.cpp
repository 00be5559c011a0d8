// SPDX-License-Identifier: MIT
#include "tests/simulation/internet/night.hpp"
#include "tests/simulation/internet/remotes/strangers.hpp"
#include "tests/simulation/internet/scenarios/scenarios.hpp"

#include <fmt/format.h>

namespace peerage::test::nights {

using namespace std::chrono_literals;

/// Each kind of flood in turn, from one host, to one node among its honest peers.
void one_flooder(world& in, const scale& size, report& found) {
  night flooded{in, found};
  flooded.add_nodes(size.of(12));
  flooded.start_all(10s);
  flooded.wait_for_peers(1h, "start");
  flooded.asking().start(2s);
  std::size_t honest_lost = 0;
  in.run_for(2min);
  in.listen([&](const simulated_node&, const event& x) {
    if (x.type == event_type::peer_left && in.is_of_a_node(x.address))
      ++honest_lost;
  });
  for (const auto& kind : strangers()) {
    if (!kind.name.starts_with("flood"))
      continue;
    stranger_host flooder{in, kind};
    flooder.dial(flooded.node(0).place());
    in.run_for(size.of(1min));
  }
  found.note("honest peers lost", std::to_string(honest_lost));
  if (honest_lost > 0)
    in.fail("I10", fmt::format("{} honest peers were lost to a flood", honest_lost));
  flooded.finish();
}

} // namespace peerage::test::nights
