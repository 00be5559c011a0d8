// SPDX-License-Identifier: MIT
#pragma once

#include "tests/support/raw_peer.hpp"

#include <atomic>
#include <cstdint>
#include <thread>

namespace peerage::test {

/// A peer that does nothing but ask and tell, as fast as it is read: transactions that
/// nobody has (getdata), inventory (inv) and pings. Played on a thread of its own until
/// it is destroyed; where it is thrown out, it comes back.
class flooder {
public:
  /// @param from A loopback address to come from; its port has to be 0.
  flooder(const endpoint& to, const endpoint& from);
  flooder(const flooder&) = delete;
  flooder& operator=(const flooder&) = delete;
  ~flooder();

  /// Messages that the other side has taken so far.
  std::uint64_t messages() const { return messages_; }
  /// How often it was connected.
  std::uint64_t connections() const { return connections_; }

private:
  void play(const endpoint& to, const endpoint& from);

  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> messages_{0};
  std::atomic<std::uint64_t> connections_{0};
  std::thread thread_;
};

} // namespace peerage::test
