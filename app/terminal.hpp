// SPDX-License-Identifier: MIT
#pragma once

#include "app/status_view.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace peerage {

/// The result of writing.
enum class write_result : std::uint8_t {
  done,
  interrupted, ///< `urgent` is readable; part of the text may have been written.
  gone,        ///< The reader is gone.
  failed,      ///< See errno.
};

/// Standard output, which may be a terminal, a pipe or a file.
class terminal {
public:
  terminal();
  terminal(const terminal&) = delete;
  terminal& operator=(const terminal&) = delete;
  /// Leaves the alternate screen.
  ~terminal();

  /// Whether escape sequences are understood.
  bool is_terminal() const { return is_terminal_; }

  /// The room at this moment; without limits if this is no terminal.
  view_size size() const;

  /// Gives up when the descriptor `urgent` has something to read: a reader that does not
  /// read must not delay our end. Requires that SIGPIPE is ignored.
  write_result write(std::string_view text, int urgent) const;

  /// Shows these lines alone, from the top of the alternate screen, in one write. Only
  /// for a terminal.
  write_result redraw(const std::vector<std::string>& lines, int urgent);

  /// Restores the screen from before the first `redraw`, and the cursor. May be repeated.
  void leave_screen();

private:
  bool is_terminal_;
  bool on_screen_ = false;
};

} // namespace peerage
