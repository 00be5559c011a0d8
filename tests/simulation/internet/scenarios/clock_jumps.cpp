// SPDX-License-Identifier: MIT
#include "tests/simulation/internet/night.hpp"
#include "tests/simulation/internet/scenarios/scenarios.hpp"

#include <fmt/format.h>

namespace peerage::test::nights {

using namespace std::chrono_literals;

/// Peers are timed on the steady clock: nothing may come of it.
void clock_jumps(world& in, const scale& size, report& found) {
  night shifted{in, found};
  shifted.add_nodes(size.of(30));
  shifted.start_all(10s);
  shifted.wait_for_peers(1h, "start");
  shifted.asking().start(10s);
  std::size_t jumps = 0, lost = 0;
  in.listen([&lost](const simulated_node&, const event& x) {
    // Inbound ones may have been feelers.
    if (x.type == event_type::peer_left && x.direction == peer_direction::outbound)
      ++lost;
  });
  // Until places have settled, nodes end connections to one another that cross.
  in.run_for(5min);
  lost = 0;
  in.every(1min, [&] {
    const auto by = std::chrono::seconds{
      static_cast<std::int64_t>(in.draws().below(2 * 3'600 + 1)) - 3'600};
    auto& node = shifted.some_node();
    in.log(fmt::format("{}: its clock is set by {} s", node.name(), by.count()));
    node.step_wall_clock(by);
    ++jumps;
    return shifted.goes_on();
  });
  in.run_for(size.of(6h));
  shifted.end_troubles();
  found.note("clock jumps", std::to_string(jumps));
  found.note("peers lost meanwhile", std::to_string(lost));
  if (lost > 0)
    in.fail("clocks that are set end no peer", fmt::format("{} were lost", lost));
  shifted.finish();
}

} // namespace peerage::test::nights
