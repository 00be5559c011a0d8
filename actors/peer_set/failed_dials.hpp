// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/alarm_clock.hpp"
#include "messages/endpoint.hpp"
#include "messages/lifecycle.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <optional>

namespace peerage {

/// A dial that has failed.
struct failed_dial {
  endpoint remote;
  peer_exit reason = peer_exit::internal_error;
  time_point at;
  /// When the address will be dialed again; empty: not by itself.
  std::optional<time_point> again;
};

/// The addresses whose last dial failed: those who wait for a peer there need not wait
/// for ever. A new dial of an address makes the failure of the last one forgotten.
class failed_dials {
public:
  /// Beyond, the oldest are forgotten.
  static constexpr std::size_t max_remembered = 256;

  void begun(const endpoint& remote) {
    std::erase_if(latest_last_, [&](const failed_dial& x) { return x.remote == remote; });
  }

  void add(const failed_dial& x) {
    begun(x.remote);
    latest_last_.push_back(x);
    if (latest_last_.size() > max_remembered)
      latest_last_.pop_front();
  }

  /// Null if the last dial of this address, with this port, did not fail. An address
  /// without a zone is meant on every link. Valid until the next change.
  const failed_dial* find(const endpoint& remote) const {
    auto found =
      std::find_if(latest_last_.rbegin(), latest_last_.rend(), [&](const failed_dial& x) {
        return x.remote.ip == remote.ip && x.remote.port == remote.port &&
               (remote.zone == 0 || x.remote.zone == remote.zone);
      });
    return found == latest_last_.rend() ? nullptr : &*found;
  }

private:
  std::deque<failed_dial> latest_last_;
};

} // namespace peerage
