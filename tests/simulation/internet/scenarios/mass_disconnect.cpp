// SPDX-License-Identifier: MIT
#include "tests/simulation/internet/night.hpp"
#include "tests/simulation/internet/scenarios/scenarios.hpp"

#include <fmt/format.h>

namespace peerage::test::nights {

using namespace std::chrono_literals;

void mass_disconnect(world& in, const scale& size, report& found) {
  using trouble = internet::trouble;
  night cut{in, found};
  cut.add_nodes(size.of(60));
  cut.start_all(10s);
  cut.wait_for_peers(1h, "start");
  cut.asking().start(10s);
  for (const auto& [what, text] :
       {std::pair{trouble::reset, "resets"},
        {trouble::silent, "silence"},
        {trouble::silent_one_way, "silence in one direction"}}) {
    in.run_for(size.of(5min));
    in.log(fmt::format("trouble: {}", text));
    in.net().trouble_some(what, 0.8);
    in.run_for(2s);
    cut.wait_for_peers(2h, fmt::format("after {} of 80 %", text));
  }
  cut.finish();
}

} // namespace peerage::test::nights
