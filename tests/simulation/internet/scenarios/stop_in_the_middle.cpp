// SPDX-License-Identifier: MIT
#include "tests/simulation/internet/night.hpp"
#include "tests/simulation/internet/scenarios/scenarios.hpp"

namespace peerage::test::nights {

using namespace std::chrono_literals;

void stop_in_the_middle(world& in, const scale& size, report& found) {
  night sudden{in, found};
  sudden.add_nodes(size.of(30));
  const auto rounds = std::max<std::size_t>(size.of(std::size_t{20}), 1);
  for (std::size_t round = 0; round < rounds && !in.failed(); ++round) {
    sudden.start_all(5s);
    if (round == 0)
      sudden.asking().start(1s);
    // Dials, handshakes and requests are under way.
    in.run_for(std::chrono::milliseconds{in.draws().below(20'000)});
    for (const auto& node : sudden.nodes())
      if (in.draws().below(2) == 0)
        node->stop();
    in.run_for(std::chrono::milliseconds{in.draws().below(8'000)});
  }
  sudden.finish();
}

} // namespace peerage::test::nights
