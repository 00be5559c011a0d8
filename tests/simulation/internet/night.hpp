// SPDX-License-Identifier: MIT
#pragma once

#include "tests/simulation/internet/invariants.hpp"
#include "tests/simulation/internet/scenario.hpp"
#include "tests/simulation/internet/simulated_node.hpp"
#include "tests/simulation/internet/workload.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace peerage::test {

/// What most scenarios are made of: many nodes that find each other by the name servers,
/// ask their peers for headers and blocks all the time, and are measured.
class night {
public:
  /// Watches the world from now on.
  night(world& in, report& found, const expectations& expected = {});
  ~night() { world_.end(); }
  night(const night&) = delete;
  night& operator=(const night&) = delete;

  /// Nodes with one chain; see node_setup. Their machines differ, as drawn.
  void add_nodes(std::size_t count, node_setup setup = {});
  /// Starts those that do not run, one after the other in this time.
  void start_all(std::chrono::nanoseconds within);
  /// Whether all that run have as many outbound peers as they want, or as there can be.
  bool all_have_peers() const;
  /// Waits for that, and notes how long it took; a violation if it takes longer.
  void wait_for_peers(std::chrono::nanoseconds patience, std::string_view when);

  /// What a scenario does in the background goes on until this.
  void end_troubles() { goes_on_ = false; }
  bool goes_on() const { return goes_on_; }

  /// Stops all, and looks whether anything is left. Notes the figures.
  void finish();

  world& in() { return world_; }
  report& found() { return report_; }
  workload& asking() { return workload_; }
  const std::vector<std::unique_ptr<simulated_node>>& nodes() const {
    return world_.nodes();
  }
  simulated_node& node(std::size_t i) { return *world_.nodes().at(i); }
  /// One of them, drawn.
  simulated_node& some_node();
  std::size_t running() const;
  /// Outbound peers that a node can have, as it knows so many others to dial: of two
  /// addresses that have one place in its book, it knows one.
  std::size_t wanted_by(const simulated_node& x) const;

private:
  std::string why_not_more(const simulated_node& x) const;
  void measure();
  void note_figures();

  world& world_;
  report& report_;
  workload workload_;
  std::shared_ptr<const regtest_chain> chain_;
  bool goes_on_ = true;
  std::size_t measured_ = 0;
  std::size_t most_held_ = 0; ///< Memory of one connection, in bytes.
  std::uint64_t dials_ = 0, failed_dials_ = 0, redundant_dials_ = 0;
  std::map<std::pair<std::size_t, endpoint>, double> last_dial_; ///< By node.
};

} // namespace peerage::test
