// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <thread>

namespace peerage {

/// Watches a descriptor, such as standard input, for its end. Never reads it: a
/// terminal's input belongs to whoever is in its foreground, and others may share a pipe.
class end_of_input {
public:
  /// Calls `on_end` once, from a thread of its own, when the last writer of a pipe is
  /// gone, the other side of a socket has finished sending, or a terminal has hung up;
  /// whether something is left to read does not matter. Everything else, such as
  /// /dev/null or a file, has no writer whose end could be waited for: there it calls
  /// `on_end` at once.
  /// @throws std::system_error without a thread, or without a descriptor to wake it.
  end_of_input(int descriptor, std::function<void()> on_end);
  end_of_input(const end_of_input&) = delete;
  end_of_input& operator=(const end_of_input&) = delete;
  ~end_of_input();

private:
  void watch(int descriptor) const;

  const std::function<void()> on_end_;
  const int wake_;
  std::thread thread_;
};

} // namespace peerage
