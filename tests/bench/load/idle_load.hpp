// SPDX-License-Identifier: MIT
#pragma once

#include "tests/bench/load/load.hpp"

#include <unistd.h>

#include <fstream>

namespace bench {

/// Opens many connections, leaves them alone, and looks at the memory of the server.
class idle_load : public load {
public:
  using load::load;

  std::string run() override {
    // One peer comes first and is not counted: with it the server has touched the code
    // and the libraries that any number of peers shares.
    open_all(1, 1);
    wait_until_quiet(seconds{0.5});
    const double before = resident_bytes();
    open_all(given_.connections, given_.in_flight);
    wait_until_quiet(seconds{2});
    const double per_peer =
      (resident_bytes() - before) / static_cast<double>(given_.connections);
    return "{\"connections\":" + std::to_string(given_.connections) +
           ",\"resident_bytes_per_peer\":" + to_text(per_peer) + "}";
  }

private:
  static constexpr seconds quiet_limit{30};

  void on_ready(peer&) override {}
  void on_pongs(peer&, std::size_t) override {}

  void wait_until_quiet(seconds quiet_time) {
    const auto deadline = steady::now() + to_steady(quiet_limit);
    last_bytes_ = steady::now();
    do {
      step(last_bytes_ + to_steady(quiet_time));
      if (now_ >= deadline)
        throw server_problem("the server does not become quiet");
    } while (now_ - last_bytes_ < quiet_time);
  }

  double resident_bytes() const {
    const std::string folder = "/proc/" + std::to_string(given_.server_process);
    std::ifstream rollup{folder + "/smaps_rollup"};
    for (std::string word; rollup >> word;) {
      double kibibytes = 0;
      if (word == "Rss:" && rollup >> kibibytes)
        return kibibytes * 1024;
    }
    std::ifstream pages{folder + "/statm"}; // less exact, but always there
    double total = 0;
    double resident = 0;
    if (!(pages >> total >> resident))
      throw server_problem("--pid " + std::to_string(given_.server_process) +
                           ": cannot read its memory use");
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
  }
};

} // namespace bench
