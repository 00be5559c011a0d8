// SPDX-License-Identifier: MIT
#pragma once

#include "messages/checks/mutant.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <unordered_map>

namespace peerage {

/// The nonces of our own version messages, shared by both directions: a remote that sends
/// one of them is ourselves (invariant I8). Bounded, first in first out; a nonce is never
/// forgotten earlier, so repeating it does not blind us to it. Thread-safe.
class handshake_nonces {
public:
  /// Far more than the dials that can be in flight at once.
  static constexpr std::size_t capacity = 1'024;

  void remember(std::uint64_t nonce) {
    std::lock_guard guard{mutex_};
    if (!known_.emplace(nonce, false).second)
      return;
    order_.push_back(nonce);
    if (order_.size() > (is_on(mutant::nonce_forgotten_early) ? 1 : capacity)) {
      known_.erase(order_.front());
      order_.pop_front();
    }
  }

  bool contains(std::uint64_t nonce) const {
    std::lock_guard guard{mutex_};
    return known_.contains(nonce);
  }

  /// A remote has sent this nonce. True if it is ours; the dialing side then sees it by
  /// `was_met`, however its connection ends.
  bool meet(std::uint64_t nonce) {
    std::lock_guard guard{mutex_};
    auto found = known_.find(nonce);
    if (found == known_.end())
      return false;
    found->second = true;
    return true;
  }

  bool was_met(std::uint64_t nonce) const {
    std::lock_guard guard{mutex_};
    auto found = known_.find(nonce);
    return found != known_.end() && found->second;
  }

  std::size_t size() const {
    std::lock_guard guard{mutex_};
    return order_.size();
  }

private:
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, bool> known_; ///< The value: whether it was met.
  std::deque<std::uint64_t> order_;
};

} // namespace peerage
