// SPDX-License-Identifier: MIT
#include "actors/dialing/dialer.hpp"
#include "actors/peer_set/peer_set.hpp"
#include "tests/simulation/internet/night.hpp"
#include "tests/simulation/internet/remotes/remote.hpp"
#include "tests/simulation/internet/scenarios/scenarios.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace peerage::test::nights {

using namespace std::chrono_literals;

namespace {

/// Networks of /16 that the attacker has.
constexpr std::size_t attacker_groups = 4;

constexpr std::size_t addresses_per_message = 1'000;

/// A hundred times as many addresses as there are honest nodes, in few networks.
class attacker {
public:
  attacker(world& in, std::size_t addresses) : world_(in) {
    for (std::size_t i = 0; i < addresses; ++i) {
      const auto at = ipv4_endpoint(static_cast<std::uint8_t>(200 + i % attacker_groups),
                                    9, static_cast<std::uint8_t>(i / 1'000),
                                    static_cast<std::uint8_t>(i / 4 % 250 + 1), 0);
      hosts_.push_back(in.net().add_host(at));
      places_.push_back(at.with_port(world::network().port));
      in.net().answer_at(hosts_.back(), world::network().port,
                         [this](const endpoint&) { return make(false); });
    }
  }

  static bool has(const endpoint& x) { return x.is_ipv4() && x.ip[12] >= 200; }

  /// One of its hosts dials one of the nodes, to tell it of the others.
  void dial(const endpoint& node) {
    const auto from = hosts_[world_.draws().below(hosts_.size())];
    world_.net().dial_from(from, node, make(true));
  }

private:
  class teller : public remote {
  public:
    teller(world& in, bool dials, const std::vector<endpoint>& places)
        : remote(in, dials), places_(places) {}

    void on_ready() override {
      repeat(10s, 360, [this] { tell(); });
    }
    void on_message(const wire::message& x) override {
      remote::on_message(x);
      if (std::holds_alternative<wire::getaddr>(x))
        tell();
    }

  private:
    void tell() {
      wire::addr all;
      for (std::size_t i = 0; i < addresses_per_message; ++i) {
        const auto& at = places_[draws().below(places_.size())];
        all.entries.push_back(
          {static_cast<std::uint32_t>(1'760'000'000 +
                                      static_cast<std::uint32_t>(in().time().seconds())),
           {wire::node_network | wire::node_witness, at.ip, at.port}});
      }
      send(all);
    }
    const std::vector<endpoint>& places_;
  };

  std::shared_ptr<remote> make(bool dials) {
    return std::make_shared<teller>(world_, dials, places_);
  }

  world& world_;
  std::vector<host_id> hosts_;
  std::vector<endpoint> places_;
};

/// Outbound places of a node that the attacker has.
std::size_t places_taken(const simulated_node& node) {
  const auto* set = state_of<peer_set_state>(node.handles()->peers);
  if (!set)
    return 0;
  return static_cast<std::size_t>(std::ranges::count_if(set->members, [](const auto& x) {
    return x.second.info.direction == peer_direction::outbound &&
           attacker::has(x.second.info.remote);
  }));
}

} // namespace

/// One outbound peer for each network of /16 is what the dialer promises, whatever the
/// address book is filled with.
void eclipse_attempt(world& in, const scale& size, report& found) {
  night besieged{in, found};
  besieged.add_nodes(size.of(20));
  attacker enemy{in, 100 * besieged.nodes().size()};
  besieged.start_all(10s);
  besieged.wait_for_peers(1h, "start");
  besieged.asking().start(20s);
  in.watch("an attacker has one outbound place for each of its networks",
           world::pace::second, [&]() -> std::string {
             for (const auto& node : besieged.nodes())
               // A feeler comes on top for a moment.
               if (node->is_up() && places_taken(*node) > attacker_groups + 1)
                 return fmt::format("{} has {} such peers", node->name(),
                                    places_taken(*node));
             return {};
           });
  in.every(2s, [&] {
    enemy.dial(besieged.some_node().place());
    return besieged.goes_on();
  });
  // Nodes lose peers and restart now and then: that is when an attacker gets places.
  in.every(5min, [&] {
    in.net().trouble_some(internet::trouble::reset, 0.1);
    return besieged.goes_on();
  });
  in.run_for(size.of(6h));
  std::size_t taken = 0, all = 0;
  for (const auto& node : besieged.nodes())
    if (node->is_up()) {
      taken += places_taken(*node);
      all += node->counts().outbound;
    }
  found.note("outbound places of the attacker",
             fmt::format("{} of {}; the bound is {} of {} a node", taken, all,
                         attacker_groups, node_setup{}.max_outbound));
  besieged.end_troubles();
  besieged.finish();
}

} // namespace peerage::test::nights
