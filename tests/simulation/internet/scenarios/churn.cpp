// SPDX-License-Identifier: MIT
#include "tests/simulation/internet/night.hpp"
#include "tests/simulation/internet/scenarios/scenarios.hpp"

namespace peerage::test::nights {

using namespace std::chrono_literals;

namespace {

/// Lives for 1 to 30 minutes, ends in one of three ways, and comes back.
void live_shortly(night& busy, simulated_node& node) {
  auto& in = busy.in();
  in.time().in(std::chrono::seconds{60 + in.draws().below(29 * 60)}, [&busy, &in, &node] {
    if (!busy.goes_on())
      return;
    if (const auto how = in.draws().below(4); how < 2)
      node.stop();
    else
      node.crash(how == 2);
    in.time().in(std::chrono::seconds{5 + in.draws().below(120)}, [&busy, &node] {
      if (!busy.goes_on())
        return;
      if (!node.is_running())
        node.start();
      live_shortly(busy, node);
    });
  });
}

} // namespace

void churn(world& in, const scale& size, report& found) {
  night busy{in, found};
  busy.add_nodes(size.of(60));
  busy.start_all(10s);
  busy.wait_for_peers(1h, "start");
  busy.asking().start(10s);
  for (const auto& node : busy.nodes())
    live_shortly(busy, *node);
  in.run_for(size.of(6h));
  busy.end_troubles();
  busy.start_all(10s);
  busy.wait_for_peers(2h, "afterwards");
  busy.finish();
}

} // namespace peerage::test::nights
