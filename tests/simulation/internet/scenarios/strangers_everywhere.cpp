// SPDX-License-Identifier: MIT
#include "tests/simulation/internet/night.hpp"
#include "tests/simulation/internet/remotes/strangers.hpp"
#include "tests/simulation/internet/scenarios/scenarios.hpp"

#include <fmt/format.h>

#include <memory>
#include <vector>

namespace peerage::test::nights {

using namespace std::chrono_literals;

namespace {

/// One is told to dial itself; the other one to leave its house, which it must not.
void add_odd_nodes(night& to) {
  node_setup setup;
  setup.discovers = false;
  setup.max_outbound = 0;
  to.add_nodes(1, setup);
  auto& vain = *to.nodes().back();
  vain.setup().manual = {vain.place()};
  setup.listens = false;
  setup.reach = dial_reach::home;
  setup.manual = {to.node(0).place()};
  to.add_nodes(1, setup);
}

} // namespace

void strangers_everywhere(world& in, const scale& size, report& found) {
  night shared{in, found};
  shared.add_nodes(size.of(20));
  add_odd_nodes(shared);
  std::vector<std::unique_ptr<stranger_host>> others;
  for (const auto& kind : strangers())
    others.push_back(std::make_unique<stranger_host>(in, kind));
  shared.start_all(10s);
  shared.wait_for_peers(1h, "start");
  // From now on the name servers know them, too.
  auto places = in.places();
  for (const auto& x : others) {
    places.push_back(x->place());
    x->dial_on(20s);
  }
  in.names().set_addresses(std::move(places));
  shared.asking().start(5s);
  in.run_for(size.of(2h));
  for (const auto& x : others)
    x->stop();
  shared.finish();
}

} // namespace peerage::test::nights
