// SPDX-License-Identifier: MIT
#pragma once

#include "tests/bench/load/load.hpp"

namespace bench {

/// Keeps a window of pings outstanding on every connection.
class ping_load : public load {
public:
  using load::load;

  std::string run() override {
    open_all(given_.connections, most_opening);
    for (const auto& remote : peers_)
      if (remote)
        ping(*remote, given_.window);
    const double rate = measure_pings();
    for (const auto& remote : peers_)
      if (remote && remote->pongs == 0)
        throw server_problem("a connection has not got a single pong");
    return "{\"pings_per_second\":" + to_text(rate) + "}";
  }

private:
  void on_ready(peer&) override {}
  void on_pongs(peer& remote, std::size_t count) override { ping(remote, count); }
};

} // namespace bench
