// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include <sys/types.h>

namespace peerage {

/// Writes lines to a descriptor or another target, in order, on a thread of its own:
/// `put` never waits, even if the pipe is not read, the terminal is stopped, or the disk
/// is full or hangs. A line that finds no room, or cannot be written, is dropped and
/// counted; the count is written as soon as there is room again. Requires that SIGPIPE
/// and SIGXFSZ are ignored.
class line_writer {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Bytes that may wait, and as many again that are being written: minutes of an
  /// ordinary log, and little compared to peers' memory.
  static constexpr std::size_t usual_limit = 1 << 20;

  /// Starts the thread, which inherits the signal mask.
  /// @param gap_line The line that tells how many were dropped; may be called after this
  ///                 object is gone.
  /// @throws std::system_error without a thread.
  line_writer(int descriptor, std::function<std::string(std::size_t lines)> gap_line,
              std::size_t limit = usual_limit);

  /// Takes some of the lines, like write(2), on the writer's thread: returns the number
  /// of bytes taken, or -1 with errno. May wait.
  using target = std::function<ssize_t(std::string_view lines)>;

  /// The same with a target that is no descriptor.
  line_writer(target to, std::function<std::string(std::size_t lines)> gap_line,
              std::size_t limit = usual_limit);
  line_writer(const line_writer&) = delete;
  line_writer& operator=(const line_writer&) = delete;
  /// Does not wait: call `drain` to wait for the lines.
  ~line_writer();

  /// Takes a line with its newline. Any thread.
  void put(std::string_view line) noexcept;

  /// Calls `what` once, on the writer's thread, when `at` has come; it may put lines, and
  /// may outlive this object. A later call replaces an earlier one.
  void call_at(time_point at, std::function<void()> what);

  /// Goes on in another target, with the line that is being written and all that wait;
  /// also if the present one takes nothing at this moment. Returns at once.
  /// @param open Called on the writer's thread; returns a descriptor, which this object
  ///             closes, or -1 to stay with the present one. The descriptor does not
  ///             block, or else a target that hangs cannot be left. May put lines.
  void continue_in(std::function<int()> open);

  /// Waits until all lines are written or dropped, at most `limit`. False if that was too
  /// short. Any thread.
  bool drain(std::chrono::milliseconds limit);

  /// The errno of the last write that failed; 0: none has. Any thread.
  int failure() const;

private:
  struct shared;

  std::shared_ptr<shared> shared_; ///< With the thread, which may outlive this.
  std::thread thread_;
};

} // namespace peerage
