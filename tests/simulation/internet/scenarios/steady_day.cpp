// SPDX-License-Identifier: MIT
#include "tests/simulation/internet/night.hpp"
#include "tests/simulation/internet/scenarios/scenarios.hpp"

namespace peerage::test::nights {

using namespace std::chrono_literals;

void steady_day(world& in, const scale& size, report& found) {
  night calm{in, found};
  calm.add_nodes(size.of(60));
  calm.start_all(10s);
  calm.wait_for_peers(1h, "start");
  calm.asking().start(10s);
  in.run_for(size.of(24h));
  calm.finish();
}

} // namespace peerage::test::nights
