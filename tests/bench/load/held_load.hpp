// SPDX-License-Identifier: MIT
#pragma once

#include "tests/bench/load/load.hpp"

#include <unistd.h>

#include <array>
#include <cstdio>

namespace bench {

/// Holds many connections. Measures the pings of some of them whenever a line comes on
/// stdin, so that its sender can compare; ends with stdin.
class held_load : public load {
public:
  using load::load;

  std::string run() override {
    open_all(given_.connections, given_.in_flight);
    say("{\"connections\":" + std::to_string(given_.connections) + "}");
    watch_input();
    while (!ended_) {
      ::alarm(static_cast<unsigned>(given_.duration.count() + line_limit.count()));
      const auto deadline = steady::now() + to_steady(line_limit);
      while (!ended_ && lines_ == 0 && now_ < deadline)
        step(deadline);
      if (lines_ == 0)
        break;
      --lines_;
      say(measure());
    }
    return "{}";
  }

private:
  static constexpr std::size_t most_measured = 100;
  static constexpr seconds drain_limit{10};
  static constexpr seconds line_limit{300}; // for the next line on stdin

  static void say(const std::string& line) {
    std::puts(line.c_str());
    std::fflush(stdout);
  }

  void on_ready(peer&) override {}

  void on_pongs(peer& remote, std::size_t count) override {
    outstanding_ -= count;
    if (measuring_)
      keep_window(remote, count);
  }

  void on_input() override {
    std::array<char, 64> text;
    const ssize_t size = ::read(STDIN_FILENO, text.data(), text.size());
    ended_ = size <= 0;
    if (size > 0)
      lines_ +=
        static_cast<std::size_t>(std::count(text.begin(), text.begin() + size, '\n'));
  }

  void keep_window(peer& remote, std::size_t count) {
    outstanding_ += count;
    ping(remote, count);
  }

  std::string measure() {
    measuring_ = true;
    std::size_t measured = 0;
    for (const auto& remote : peers_)
      if (remote && measured++ < most_measured)
        keep_window(*remote, given_.window);
    const double rate = measure_pings();
    measuring_ = false;
    const auto deadline = now_ + to_steady(drain_limit);
    while (outstanding_ > 0 && now_ < deadline)
      step(deadline);
    if (outstanding_ > 0)
      throw server_problem("pings are not answered");
    return "{\"pings_per_second\":" + to_text(rate) + "}";
  }

  bool measuring_ = false;
  bool ended_ = false;
  std::size_t lines_ = 0;       ///< Asked for, not yet measured.
  std::size_t outstanding_ = 0; ///< Pings of all connections.
};

} // namespace bench
