#pragma once

#include "actors/status/limits.hpp"

#include <cstddef>
#include <memory>

namespace peerage {

/// What the answers to calls may keep in memory while they go out. Lives on the HTTP
/// thread.
class answer_budget : public std::enable_shared_from_this<answer_budget> {
public:
  /// Gives its bytes back when it goes.
  using lease = std::shared_ptr<void>;

  /// nullptr: that is too much for one, or all together keep too much already.
  lease take(std::size_t bytes) {
    if (bytes > status_limits::call_answer_bytes ||
        held_ + bytes > status_limits::all_answers_bytes)
      return nullptr;
    auto give_back = [me = shared_from_this(), bytes](void*) { me->held_ -= bytes; };
    lease result{this, give_back};
    held_ += bytes;
    return result;
  }

  std::size_t held() const { return held_; }

private:
  std::size_t held_ = 0;
};

} // namespace peerage
