// SPDX-License-Identifier: MIT
#include "tests/simulation/internet/night.hpp"
#include "tests/simulation/internet/remotes/strangers.hpp"
#include "tests/simulation/internet/scenarios/scenarios.hpp"

#include <algorithm>
#include <memory>
#include <vector>

namespace peerage::test::nights {

using namespace std::chrono_literals;

void slow_readers(world& in, const scale& size, report& found) {
  night clogged{in, found};
  clogged.add_nodes(size.of(20));
  clogged.start_all(10s);
  clogged.wait_for_peers(1h, "start");
  clogged.asking().start(5s);
  // A third of the nodes behind lines of 2 kB/s, and strangers that ask and do not read.
  for (std::size_t i = 0; i < clogged.nodes().size(); i += 3)
    in.net().slow_down(clogged.node(i).host(), 2'000);
  const auto& kind = *std::ranges::find(strangers(), "slow reader", &stranger::name);
  std::vector<std::unique_ptr<stranger_host>> others;
  for (std::size_t i = 0; i < 2 * clogged.nodes().size(); ++i) {
    others.push_back(std::make_unique<stranger_host>(in, kind));
    others.back()->dial_on(1min);
  }
  in.run_for(size.of(1h));
  for (const auto& x : others)
    x->stop();
  clogged.finish();
}

} // namespace peerage::test::nights
