// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/http/status_actor.hpp"

#include <chrono>

namespace peerage {

/// Measures how long a message waits in the mailbox of PEER_SET, which all peers and all
/// requests go through: sends it one every second, if it has answered the last one.
class mailbox_probes {
public:
  static constexpr std::chrono::seconds interval{1};

  /// The HTTP thread, every now and then.
  void on_tick(const status_actor& status, std::chrono::steady_clock::time_point now);

private:
  std::chrono::steady_clock::time_point next_{};
};

} // namespace peerage
