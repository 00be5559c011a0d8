// SPDX-License-Identifier: MIT
#pragma once

#include <mutex>

namespace peerage {

/// The newest state of something, written by its owner after every change and read by
/// anyone at any time. A reader never waits for the owner, only for a copy of a `Value`.
template <class Value>
class latest {
public:
  void store(const Value& x) {
    std::lock_guard guard{mutex_};
    value_ = x;
  }

  Value load() const {
    std::lock_guard guard{mutex_};
    return value_;
  }

private:
  mutable std::mutex mutex_;
  Value value_{};
};

} // namespace peerage
