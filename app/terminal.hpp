#pragma once

#include "app/status_view.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace peerage {

/// How writing went.
enum class write_result : std::uint8_t {
  done,
  interrupted, ///< Something else is more urgent; part of it may have been written.
  gone,        ///< Nobody reads any more.
  failed,      ///< errno says why.
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

  /// The room that there is now; without limits if this is no terminal.
  view_size size() const;

  /// Gives up when the descriptor `urgent` has something to read: a reader that does not
  /// read must not keep us from ending. Requires that SIGPIPE is ignored.
  write_result write(std::string_view text, int urgent) const;

  /// Shows these lines alone, from the top of the alternate screen, in one write. Only
  /// for a terminal.
  write_result redraw(const std::vector<std::string>& lines, int urgent);

  /// Shows what was there before the first `redraw`, and the cursor. May be repeated.
  void leave_screen();

private:
  bool is_terminal_;
  bool on_screen_ = false;
};

} // namespace peerage
