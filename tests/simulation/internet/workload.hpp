// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/alarm_clock.hpp"
#include "actors/base/random_source.hpp"
#include "messages/requests.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>

namespace peerage::test {

class world;
class simulated_node;

/// What the programs behind the nodes ask of their peers all the time. Watches that each
/// request ends exactly once (I3), and with what it asked for (I9).
class workload {
public:
  explicit workload(world& in);
  workload(const workload&) = delete;
  workload& operator=(const workload&) = delete;

  /// Each node that is up asks something after a time that is drawn, on average this.
  void start(std::chrono::nanoseconds average_pause);
  void stop() { going_ = false; }

  struct counts {
    std::uint64_t asked = 0;
    std::uint64_t answered = 0;
    std::array<std::uint64_t, 9> failed{}; ///< By request_error.
    std::chrono::nanoseconds slowest{};    ///< Of the answers.

    std::uint64_t failures() const;
    std::uint64_t ended() const { return answered + failures(); }
    /// Asked, and neither answered nor failed.
    std::uint64_t open() const { return asked - ended(); }
  };
  const counts& counted() const { return counts_; }

private:
  void ask_something(const simulated_node& node);
  template <class Request>
  void ask(const simulated_node& node, Request what);
  void note_end(std::uint64_t number, bool answered);
  std::string late_request() const;

  world& world_;
  random_source draws_;
  bool going_ = false;
  counts counts_;
  std::map<std::uint64_t, time_point> open_; ///< When each was asked, by its number.
};

} // namespace peerage::test
