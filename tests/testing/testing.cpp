// SPDX-License-Identifier: MIT
#include "tests/testing/testing.hpp"

#include "tests/simulation/internet/simulated_node.hpp"
#include "tests/simulation/internet/world.hpp"

#include <map>
#include <utility>

namespace peerage::testing {

namespace {

using namespace std::chrono_literals;

/// Longer than a node takes to start, and to stop.
constexpr std::chrono::seconds start_patience{10}, stop_patience{10};

} // namespace

struct network::parts {
  explicit parts(std::uint64_t seed) : world({.seed = seed}) {
    world.listen([this](const test::simulated_node& node, const event& x) {
      if (const auto& to = on_event[node.number()])
        to(x);
    });
  }

  test::simulated_node& at(node_id which) { return *world.nodes().at(which); }

  void start(test::simulated_node& node) {
    world.publish_nodes();
    node.start();
    world.run_until([&node] { return node.is_up(); }, start_patience);
  }

  std::map<node_id, std::function<void(const event&)>> on_event;
  test::world world;
};

network::network(std::uint64_t seed) : parts_(std::make_unique<parts>(seed)) {}

network::~network() {
  parts_->world.end();
}

node_id network::add(node_options options) {
  auto& world = parts_->world;
  test::node_setup setup;
  for (const auto& text : options.connect) {
    endpoint place;
    if (!parse_endpoint(text, parameters().port, place))
      throw node_error("connect: \"" + text + "\" is not ADDRESS:PORT");
    setup.manual.push_back(place);
  }
  setup.discovers = options.discover;
  setup.max_outbound = std::max(options.max_outbound, options.connect.size());
  setup.max_inbound = options.max_inbound;
  setup.timing = options.timing;
  setup.identity = std::move(options.identity);
  setup.keeps_state = !options.directory.empty();
  setup.observers = std::move(options.observers);
  setup.service = [own = options.service_actor,
                   functions = std::move(options.service)](caf::actor_system& system) {
    return own ? own : spawn_service(system, functions);
  };
  auto& node = world.add_node(setup);
  parts_->on_event[node.number()] = std::move(options.on_event);
  parts_->start(node);
  return node.number();
}

std::string network::place(node_id which) const {
  return to_string(parts_->at(which).place());
}

peer_set_actor network::peer_set(node_id which) const {
  const auto& node = parts_->at(which);
  return node.is_up() ? node.handles()->peers : peer_set_actor{};
}

const wire::network_parameters& network::parameters() {
  return test::world::network();
}

caf::actor_system& network::system() {
  return parts_->world.system();
}

// -- time ------------------------------------------------------------------------------

std::chrono::nanoseconds network::now() const {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
    std::chrono::duration<double>(parts_->world.time().seconds()));
}

void network::run_for(std::chrono::nanoseconds duration) {
  parts_->world.run_for(duration);
}

bool network::run_until(const std::function<bool()>& holds,
                        std::chrono::nanoseconds patience) {
  return parts_->world.run_until(holds, patience);
}

bool network::wait_for_peers(node_id of, std::size_t count,
                             std::chrono::nanoseconds patience) {
  return run_until([this, of, count] { return parts_->at(of).counts().ready >= count; },
                   patience);
}

// -- trouble ---------------------------------------------------------------------------

void network::stop(node_id which) {
  auto& node = parts_->at(which);
  node.stop();
  run_until([&node] { return !node.is_running(); }, stop_patience);
}

void network::kill(node_id which) {
  parts_->at(which).crash(false);
}

void network::cut_power(node_id which) {
  parts_->at(which).crash(true);
}

void network::start(node_id which) {
  if (auto& node = parts_->at(which); !node.is_running())
    parts_->start(node);
}

void network::partition(const std::vector<std::vector<node_id>>& groups) {
  std::vector<std::vector<test::host_id>> hosts;
  for (const auto& group : groups) {
    auto& of_group = hosts.emplace_back();
    for (const auto which : group)
      of_group.push_back(parts_->at(which).host());
  }
  parts_->world.net().partition(hosts);
}

void network::heal() {
  parts_->world.net().heal();
}

} // namespace peerage::testing
