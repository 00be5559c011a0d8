// SPDX-License-Identifier: MIT
#include "messages/subnet.hpp"
#include "tests/simulation/internet/night.hpp"
#include "tests/simulation/internet/scenarios/scenarios.hpp"
#include "tests/simulation/internet/simulated_disk.hpp"

#include <caf/event_based_actor.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace peerage::test::nights {

using namespace std::chrono_literals;

namespace {

/// What nodes have promised to keep, and whether they did (I15).
class promises {
public:
  explicit promises(night& of) : night_(of) {}

  /// Bans an address that nobody has, for longer than the night.
  void ban_something(simulated_node& node) {
    auto& in = night_.in();
    const auto place =
      ipv4_endpoint(198, 51, 100, static_cast<std::uint8_t>(in.draws().below(256)), 0);
    set_ban what{host_of(place), 100'000'000, false, false};
    in.system().spawn([this, what, number = node.number(), run = node.run(),
                       whom = node.handles()->ban_manager](caf::event_based_actor* self) {
      self->request(whom, caf::infinite, what)
        .then(
          [this, what, number](std::uint8_t) {
            kept_[number].insert(to_string(what.range));
            ++made_;
          },
          [](caf::error&) {}); // not acknowledged: it may be kept or not
    });
  }

  /// Asks a node that has started again.
  void look_at(const simulated_node& node) {
    auto& in = night_.in();
    in.system().spawn([this, &in, number = node.number(), name = node.name(),
                       promised = kept_[node.number()],
                       whom = node.handles()->ban_manager](caf::event_based_actor* self) {
      self->request(whom, caf::infinite, get_bans{})
        .then(
          [this, &in, promised, name](const bans& x) {
            std::set<std::string> found;
            for (const auto& entry : x.entries)
              found.insert(to_string(entry.range));
            ++looked_;
            for (const auto& range : promised)
              if (!found.contains(range))
                in.fail("I15", fmt::format("{} has lost the ban of {}", name, range));
          },
          [](caf::error&) {});
    });
  }

  std::size_t made() const { return made_; }
  std::size_t looked() const { return looked_; }

private:
  night& night_;
  std::map<std::size_t, std::set<std::string>> kept_; ///< By node.
  std::size_t made_ = 0, looked_ = 0;
};

/// Ends a node in one of four ways.
void end_somehow(world& in, simulated_node& node) {
  switch (in.draws().below(4)) {
  case 0: return node.stop();
  case 1: return node.crash(false);
  case 2: return node.crash(true);
  default: return node.disk().crash_at(1 + in.draws().below(12));
  }
}

void trouble_disk(world& in, simulated_node& node) {
  switch (in.draws().below(4)) {
  case 0: return node.disk().set_full(true);
  case 1: return node.disk().set_read_only(true);
  case 2: return node.disk().fail_write(1 + in.draws().below(20));
  default:
    return node.disk().set_latency(std::chrono::milliseconds{in.draws().below(2'000)});
  }
}

void mend_disk(simulated_node& node) {
  node.disk().set_full(false);
  node.disk().set_read_only(false);
  node.disk().set_latency(5ms);
}

} // namespace

void restarts(world& in, const scale& size, report& found) {
  night broken{in, found};
  node_setup setup;
  setup.keeps_state = true;
  broken.add_nodes(size.of(30), setup);
  broken.start_all(10s);
  broken.wait_for_peers(1h, "first start");
  broken.asking().start(10s);
  promises kept{broken};
  in.every(500ms, [&] {
    if (auto& node = broken.some_node(); node.is_up() && in.draws().below(2) == 0)
      kept.ban_something(node);
    return broken.goes_on();
  });
  // A process whose disk says that it is dead is so at the latest a moment later.
  in.every(100ms, [&] {
    for (const auto& node : broken.nodes())
      if (node->disk().is_dead() && node->is_running())
        node->crash(in.draws().below(2) == 0);
    return broken.goes_on();
  });
  const auto rounds = std::max<std::size_t>(size.of(std::size_t{20}), 1);
  for (std::size_t round = 0; round < rounds && !in.failed(); ++round) {
    for (const auto& node : broken.nodes())
      if (in.draws().below(4) == 0)
        trouble_disk(in, *node);
    in.run_for(std::chrono::seconds{in.draws().below(240)});
    for (const auto& node : broken.nodes())
      if (node->is_running() && in.draws().below(2) == 0)
        end_somehow(in, *node);
    in.run_for(std::chrono::seconds{1 + in.draws().below(60)});
    for (const auto& node : broken.nodes())
      mend_disk(*node);
    std::vector<simulated_node*> again;
    for (const auto& node : broken.nodes())
      if (!node->is_running())
        again.push_back(node.get());
    broken.start_all(5s);
    in.run_for(5s);
    for (const auto* node : again)
      if (node->is_up())
        kept.look_at(*node);
  }
  broken.end_troubles();
  broken.wait_for_peers(2h, "last start");
  found.note("bans acknowledged", std::to_string(kept.made()));
  found.note("restarts looked at", std::to_string(kept.looked()));
  broken.finish();
}

} // namespace peerage::test::nights
