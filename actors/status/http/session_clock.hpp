// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>

namespace peerage {

/// The time for clients' deadlines: it advances only while the HTTP thread runs. While
/// the process is stopped, the machine asleep or the thread busy, a client's bytes cannot
/// be read, so that time does not count. A plain class, told the steady clock's time.
class session_clock {
public:
  using time_point = std::chrono::steady_clock::time_point;

  explicit session_clock(time_point now) : seen_(now), now_(now) {}

  /// To be called at least this often; a longer pause counts as this.
  static constexpr std::chrono::milliseconds longest_step{500};

  time_point advance(time_point now) {
    now_ += std::min<std::chrono::steady_clock::duration>(now - seen_, longest_step);
    seen_ = now;
    return now_;
  }

private:
  time_point seen_;
  time_point now_;
};

} // namespace peerage
