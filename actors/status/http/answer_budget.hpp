// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

namespace peerage {

/// Bounds the memory of calls, or of their answers, while they are under way. Taken on
/// the HTTP thread, given back on any.
class answer_budget : public std::enable_shared_from_this<answer_budget> {
public:
  /// Gives its bytes back when it is destroyed.
  using lease = std::shared_ptr<void>;

  /// @param one The most bytes of one of them.
  /// @param all The most bytes of all together.
  answer_budget(std::size_t one, std::size_t all) : one_(one), all_(all) {}

  /// Null if that is too much for one, or with all others.
  lease take(std::size_t bytes) {
    if (bytes > one_ || held_ + bytes > all_)
      return nullptr;
    auto give_back = [me = shared_from_this(), bytes](void*) { me->held_ -= bytes; };
    lease result{this, give_back};
    held_ += bytes;
    return result;
  }

  std::size_t held() const { return held_; }

private:
  std::size_t one_;
  std::size_t all_;
  std::atomic<std::size_t> held_ = 0;
};

} // namespace peerage
