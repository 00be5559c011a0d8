// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/log.hpp"
#include "actors/base/random_source.hpp"
#include "messages/events.hpp"
#include "messages/wire/network.hpp"
#include "tests/simulation/internet/internet.hpp"
#include "tests/simulation/internet/simulated_resolver.hpp"
#include "tests/simulation/internet/virtual_time.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <openssl/types.h>

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace peerage::test {

class simulated_node;
struct node_setup;

struct world_options {
  std::uint64_t seed = 1;
  std::ostream* trace = nullptr;        ///< Every step and event, a line each.
  std::optional<std::uint64_t> until{}; ///< Ends before this step, as if all were well.
};

/// Many whole nodes and all that is around them, in one thread, under virtual time. One
/// seed decides everything: which runnable actor is next, how long bytes are under way,
/// what fails. Two worlds of one seed that are driven alike have the same history, byte
/// for byte.
///
/// A world goes on in *steps*: an actor handles one message. Time passes when no actor
/// can run, by a jump to the next timer or arrival; and now and then while some can, as
/// on a machine that is busy.
class world {
public:
  explicit world(const world_options& options);
  ~world();
  world(const world&) = delete;
  world& operator=(const world&) = delete;

  // -- parts ---------------------------------------------------------------------------

  caf::actor_system& system() { return system_; }
  virtual_time& time() { return time_; }
  internet& net() { return net_; }
  name_servers& names() { return names_; }
  /// For scenarios: what they do at random.
  random_source& draws() { return draws_; }
  /// Another seed for each purpose, so that one more draw of one changes no other's.
  std::uint64_t seed_for(std::string_view purpose, std::uint64_t number = 0) const;

  /// A network of its own: public addresses, blocks that are mined in no time.
  static const wire::network_parameters& network();

  /// A node on a machine of its own, in a /16 of its own. It does not run yet.
  simulated_node& add_node(const node_setup& setup);
  const std::vector<std::unique_ptr<simulated_node>>& nodes() const { return nodes_; }
  /// The address of the next machine; see add_node.
  endpoint next_address();
  /// Of the nodes that can be reached when they run.
  std::vector<endpoint> places() const;
  /// Whether a node of ours has this address, with any port.
  bool is_of_a_node(const endpoint& x) const;
  /// The name servers tell these from now on: they do not know who runs at the moment.
  void publish_nodes();

  // -- what happens --------------------------------------------------------------------

  void run_for(caf::timespan duration);
  /// False if it does not hold after `patience`.
  bool run_until(const std::function<bool()>& holds, caf::timespan patience);
  /// Ends all nodes that still run, by force, and forgets everybody who watches or
  /// listens. To be called before any of these is destroyed.
  void end();
  /// Calls `what` every `interval` from then on, until it answers false.
  void every(caf::timespan interval, std::function<bool()> what);

  // -- what is watched -----------------------------------------------------------------

  /// Something that must always hold; answers what is wrong, in a sentence, or nothing.
  using check = std::function<std::string()>;
  enum class pace : std::uint8_t {
    step,   ///< After each step: must be cheap.
    second, ///< In each second in which something happened, when no actor can run.
    end,    ///< When `check_end` is called.
  };
  void watch(std::string invariant, pace when, check what);
  /// Whose step was the last one.
  struct turn {
    caf::actor_id actor = 0;
    std::string_view name; ///< Of its kind.
  };
  const turn& last_turn() const { return last_turn_; }

  /// The first violation ends all running.
  void fail(std::string_view invariant, std::string_view why);
  struct failure {
    std::string invariant, why;
    std::uint64_t step = 0;
    double seconds = 0;
  };
  const std::optional<failure>& failed() const { return failed_; }
  void check_end();

  // -- what is told --------------------------------------------------------------------

  /// A line of the world's history.
  void log(std::string_view line);
  /// An event of a node: a line, and news for those who listen.
  void note_event(const simulated_node& node, const event& what);
  using event_listener = std::function<void(const simulated_node&, const event&)>;
  void listen(event_listener x) { listeners_.push_back(std::move(x)); }
  /// Of the history so far, step by step.
  std::string digest() const;
  /// The last lines of the history.
  const std::deque<std::string>& latest() const { return latest_; }
  std::uint64_t steps() const { return steps_; }
  /// Whether `until` has been reached.
  bool is_cut_short() const { return options_.until && steps_ >= *options_.until; }

private:
  struct watched {
    std::string invariant;
    check what;
  };

  bool goes_on() const { return !failed_ && !is_cut_short(); }
  void go_on_until(time_point end, const std::function<bool()>* holds);
  void step();
  void look(const std::vector<watched>& at);
  void look_every_second();

  world_options options_;
  log::level usual_level_ = log::usual_level();
  struct config;
  std::unique_ptr<config> config_;
  caf::actor_system system_;
  caf::scheduler::test_coordinator& scheduler_;
  virtual_time time_;
  random_source schedule_, draws_;
  internet net_;
  name_servers names_;
  std::vector<std::unique_ptr<simulated_node>> nodes_;
  std::array<std::vector<watched>, 3> watched_;
  std::optional<failure> failed_;
  std::uint64_t steps_ = 0;
  turn last_turn_;
  double looked_at_ = 0; ///< The second of the last checks.
  std::size_t next_address_ = 0;
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> digest_;
  std::uint64_t schedule_digest_ = 0;
  std::deque<std::string> latest_;
  std::vector<event_listener> listeners_;
};

} // namespace peerage::test
