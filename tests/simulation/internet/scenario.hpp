// SPDX-License-Identifier: MIT
#pragma once

#include "tests/simulation/internet/world.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace peerage::test {

/// What a night was like: figures for people, in the order they were noted.
class report {
public:
  void note(std::string what, std::string value) {
    figures_.emplace_back(std::move(what), std::move(value));
  }
  const std::vector<std::pair<std::string, std::string>>& figures() const {
    return figures_;
  }

private:
  std::vector<std::pair<std::string, std::string>> figures_;
};

/// How long, and how large: a scenario reads it as its measure of time.
struct scale {
  /// 1: as the scenario is meant; less: shorter, for many seeds in a short time.
  double duration = 1;
  double nodes = 1;

  std::chrono::nanoseconds of(std::chrono::nanoseconds whole) const;
  std::size_t of(std::size_t whole) const;
};

/// One kind of night. It builds its world, lets it go on, and says what it found; what
/// must always hold, the world watches.
struct scenario {
  std::string_view name;
  std::string_view summary; ///< A line for people.
  void (*play)(world& in, const scale& size, report& found);
};

/// All of them, in the order of the issue of a night: the calm ones first.
const std::vector<scenario>& scenarios();
const scenario* find_scenario(std::string_view name);

/// The outcome of one run.
struct outcome {
  report found;
  std::optional<world::failure> failed;
  std::string digest;
  std::deque<std::string> latest; ///< The last lines of the history.
  std::uint64_t steps = 0;
  double seconds = 0; ///< Virtual.
};
outcome play(const scenario& what, const world_options& options, const scale& size);

} // namespace peerage::test
