// SPDX-License-Identifier: MIT
#pragma once

#include "actors/chain/regtest_chain.hpp"
#include "actors/interfaces/node.hpp"
#include "actors/node/peer_manager.hpp"
#include "actors/peer/node_context.hpp"
#include "tests/simulation/internet/internet.hpp"
#include "tests/simulation/internet/mounted_disk.hpp"
#include "tests/simulation/internet/simulated_disk.hpp"

#include <caf/stateful_actor.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace peerage::test {

class world;

struct node_setup {
  host_conditions machine;
  bool listens = true;
  bool discovers = true; ///< False: it dials manual peers only.
  dial_reach reach = dial_reach::everywhere;
  std::vector<endpoint> manual;
  std::size_t max_outbound = 8;
  std::size_t max_inbound = 125;
  bool keeps_state = false; ///< On a disk of its own.
  peer_timing timing;
  std::shared_ptr<const regtest_chain> chain; ///< Null: it has no blocks.
  /// What its version message says; empty: as the chain has it.
  std::optional<local_identity> identity{};
  /// Makes the inbound service of each process; empty: it serves the chain.
  std::function<inbound_service_actor(caf::actor_system&)> service{};
  std::vector<peer_observer_actor> observers{};
};

/// A whole node: all actors of a process, from PEER_MANAGER down, on a machine of its
/// own. It can be started, stopped, ended at any moment, and started again.
class simulated_node {
public:
  simulated_node(world& in, node_setup setup, std::size_t number);
  simulated_node(const simulated_node&) = delete;
  simulated_node& operator=(const simulated_node&) = delete;

  std::size_t number() const { return number_; }
  const std::string& name() const { return name_; } ///< "n07".
  host_id host() const { return host_; }
  /// Where it listens.
  endpoint place() const;
  const node_setup& setup() const { return setup_; }
  node_setup& setup() { return setup_; }

  /// Requires that it does not run.
  void start();
  /// Tells it to stop in order; it runs until that is done.
  void stop();
  /// Ends it as SIGKILL or, silently, a loss of power does.
  void crash(bool silently);
  /// For the end of a world.
  void end_by_force();

  /// From `start` until all of it has ended.
  bool is_running() const { return running_; }
  bool is_stopping() const { return stopping_; }
  /// It runs, is not told to stop, and its owners are known.
  bool is_up() const { return running_ && !stopping_ && handles_.has_value(); }
  /// Counts up with each start.
  std::uint64_t run() const { return run_; }

  /// Sets the wall clock of its machine forwards or backwards.
  void step_wall_clock(std::chrono::seconds by) { *wall_ahead_ += by; }

  /// Outlives its processes.
  simulated_disk& disk() { return *disk_; }

  const node_context_ptr& context() const { return context_; }
  /// The owners; empty unless it `is_up`.
  const std::optional<node_handles>& handles() const { return handles_; }
  peer_set_snapshot counts() const { return published_->load(); }

  /// What the last stop ended with; empty: well.
  const std::string& stop_problem() const { return stop_problem_; }

private:
  void on_end(const caf::error& why, std::uint64_t run);

  world& world_;
  node_setup setup_;
  std::size_t number_;
  std::string name_;
  host_id host_;
  std::shared_ptr<simulated_disk> disk_;
  std::shared_ptr<mounted_disk> mounted_; ///< Of this process.
  node_context_ptr context_;
  peer_manager_actor manager_;
  std::shared_ptr<published_counts> published_ = std::make_shared<published_counts>();
  std::optional<node_handles> handles_;
  std::shared_ptr<std::chrono::nanoseconds> wall_ahead_ =
    std::make_shared<std::chrono::nanoseconds>(0);
  std::string stop_problem_;
  std::uint64_t run_ = 0;
  bool running_ = false;
  bool stopping_ = false;
};

/// The state of an actor, to look at: everything runs in one thread, and nothing runs
/// meanwhile. Null if it has ended.
template <class State, class Handle>
const State* state_of(const Handle& whom) {
  using actor = std::remove_pointer_t<typename Handle::template stateful_pointer<State>>;
  const auto* found =
    dynamic_cast<const actor*>(caf::actor_cast<caf::abstract_actor*>(whom));
  if (!found || found->getf(caf::abstract_actor::is_terminated_flag))
    return nullptr;
  return &found->state;
}

} // namespace peerage::test
