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
    run_until(steady::now() + to_steady(warm_up));
    const auto begin = now_;
    const std::uint64_t count_before = pong_count_;
    run_until(begin + to_steady(given_.duration));
    const seconds taken = now_ - begin;
    const auto count = static_cast<double>(pong_count_ - count_before);
    for (const auto& remote : peers_)
      if (remote && remote->pongs == 0)
        throw server_problem("a connection has not got a single pong");
    return "{\"pings_per_second\":" + to_text(count / taken.count()) + "}";
  }

private:
  void on_ready(peer&) override {}
  void on_pongs(peer& remote, std::size_t count) override { ping(remote, count); }
};

} // namespace bench
