// SPDX-License-Identifier: MIT
#pragma once

#include "actors/interfaces/peer_set.hpp"
#include "messages/lifecycle.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <optional>

namespace peerage {

/// A peer that has left.
struct departure {
  peer_info info;
  peer_exit reason = peer_exit::internal_error;
};

/// The peers that left lately: what became of them, and why.
class departures {
public:
  /// Beyond, the oldest are forgotten.
  static constexpr std::size_t max_remembered = 1'000;

  void add(const peer_info& info, peer_exit reason) {
    latest_last_.push_back({info, reason});
    if (latest_last_.size() > max_remembered)
      latest_last_.pop_front();
  }

  /// The latest that fits `who` and left with `reason` (none: with any); null: none did.
  /// Valid until the next `add`.
  const departure* find(const peer_pattern& who, std::optional<peer_exit> reason) const {
    auto found =
      std::find_if(latest_last_.rbegin(), latest_last_.rend(), [&](const departure& x) {
        return who.fits(x.info) && (!reason || *reason == x.reason);
      });
    return found == latest_last_.rend() ? nullptr : &*found;
  }

private:
  std::deque<departure> latest_last_;
};

} // namespace peerage
