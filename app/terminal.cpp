// SPDX-License-Identifier: MIT
#include "app/terminal.hpp"

#include "app/standard_streams.hpp"
#include "messages/checks/expects.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>

namespace peerage {

namespace {

// Escape sequences that every terminal of the last decades has (ECMA-48, and xterm's
// private modes 1049 and 25).
constexpr std::string_view enter_alternate_screen = "\x1b[?1049h\x1b[?25l";
constexpr std::string_view leave_alternate_screen = "\x1b[?25h\x1b[?1049l";
constexpr std::string_view go_home = "\x1b[H";
constexpr std::string_view erase_line = "\x1b[K";
constexpr std::string_view erase_below = "\x1b[J";

/// The size of a terminal that does not tell its own.
constexpr view_size usual_size{80, 24};

/// Time for the last sequences, if the terminal does not take them.
constexpr int last_words_milliseconds = 1000;

/// Waits at most this many milliseconds at a time, forever if negative.
write_result write_all(std::string_view text, int urgent, int limit) {
  while (!text.empty()) {
    std::array<pollfd, 2> waiting{{{STDOUT_FILENO, POLLOUT, 0}, {urgent, POLLIN, 0}}};
    auto ready = poll(waiting.data(), waiting.size(), limit);
    if (ready < 0 && errno != EINTR)
      return write_result::failed;
    if (ready == 0 || (ready > 0 && waiting[1].revents != 0))
      return write_result::interrupted;
    if (ready < 0)
      continue;
    // A ready pipe takes this much without waiting.
    auto size = std::min<std::size_t>(text.size(), PIPE_BUF);
    auto written = ::write(STDOUT_FILENO, text.data(), size);
    if (written < 0 && errno != EINTR && errno != EAGAIN)
      return errno == EPIPE || errno == EIO ? write_result::gone : write_result::failed;
    if (written > 0)
      text.remove_prefix(static_cast<std::size_t>(written));
  }
  return write_result::done;
}

bool understands_escapes() {
  auto kind = std::getenv("TERM");
  return isatty(STDOUT_FILENO) == 1 && kind && std::string_view(kind) != "dumb";
}

} // namespace

terminal::terminal() : is_terminal_(understands_escapes()) {}

terminal::~terminal() {
  leave_screen();
}

view_size terminal::size() const {
  if (!is_terminal_)
    return {};
  winsize found{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &found) != 0 || found.ws_col == 0 ||
      found.ws_row == 0)
    return usual_size;
  return {found.ws_col, found.ws_row};
}

write_result terminal::write(std::string_view text, int urgent) const {
  PEERAGE_EXPECTS(are_write_signals_ignored());
  return write_all(text, urgent, -1);
}

write_result terminal::redraw(const std::vector<std::string>& lines, int urgent) {
  std::string frame;
  if (!on_screen_)
    frame += enter_alternate_screen;
  on_screen_ = true;
  frame += go_home;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0)
      frame += "\r\n";
    // Before the text: behind a line as wide as the screen, its last character would go.
    frame += i + 1 < lines.size() ? erase_line : erase_below;
    frame += lines[i];
  }
  // Typed keys appear at the cursor; at the bottom, they could scroll the screen.
  frame += go_home;
  return write(frame, urgent);
}

void terminal::leave_screen() {
  if (!on_screen_)
    return;
  on_screen_ = false;
  write_all(leave_alternate_screen, -1, last_words_milliseconds);
}

} // namespace peerage
