// SPDX-License-Identifier: MIT
#pragma once

#include "tests/bench/load/load.hpp"

#include <cstdio>

namespace bench {

/// Keeps a number of handshakes in flight. By default a handshake is over when a pong to
/// a ping right behind our verack has come: nothing else shows that the server has seen
/// our verack, and without it the number in flight would bound nothing on its side.
class handshake_load : public load {
public:
  explicit handshake_load(const options& given) : load(given) {
    if (given.until_pong) {
      put_range(handshake_reply_, ring_.pings(0, 1));
      pings_in_handshake_ = 1;
    }
  }

  std::string run() override {
    const auto begin = measure_until(steady::now() + to_steady(warm_up));
    const std::uint64_t finished_before = finished_;
    const std::uint64_t failed_before = failed_;
    const auto end = measure_until(begin + to_steady(given_.duration));
    const std::uint64_t finished = finished_ - finished_before;
    const std::uint64_t failed = failed_ - failed_before;
    if (finished == 0)
      throw server_problem("not one handshake has finished" +
                           (last_problem_.empty() ? "" : "; " + last_problem_));
    if (failed > 0)
      std::fprintf(stderr, "load_client: %s\n", last_problem_.c_str());
    const double rate = static_cast<double>(finished) / seconds{end - begin}.count();
    return "{\"handshakes_per_second\":" + to_text(rate) +
           ",\"failed\":" + std::to_string(failed) + "}";
  }

private:
  steady::time_point measure_until(steady::time_point until) {
    while (now_ < until) {
      // Counted beforehand, so that refusals in `open` cannot keep us here for ever.
      for (std::size_t missing = given_.in_flight - in_flight_; missing > 0; --missing) {
        ++in_flight_;
        open();
      }
      step(until);
    }
    return now_;
  }

  void on_ready(peer& remote) override {
    if (!given_.until_pong)
      finish(remote);
  }

  void on_pongs(peer& remote, std::size_t) override { finish(remote); }

  void on_failure(peer& remote, const std::string& why) override {
    ++failed_;
    last_problem_ = why;
    --in_flight_;
    close(remote);
  }

  void finish(peer& remote) {
    ++finished_;
    --in_flight_;
    close(remote);
  }

  std::size_t in_flight_ = 0;
  std::uint64_t finished_ = 0;
  std::uint64_t failed_ = 0;
  std::string last_problem_;
};

} // namespace bench
