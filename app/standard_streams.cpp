// SPDX-License-Identifier: MIT
#include "app/standard_streams.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>

namespace peerage {

void open_standard_streams() {
  for (int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) >= 0)
      continue;
    // Gets the lowest free number, as those below are open by now.
    auto opened = ::open("/dev/null", O_RDWR);
    if (opened < 0)
      opened = ::open("/", O_PATH);
    if (opened != descriptor)
      std::_Exit(2);
  }
}

void ignore_write_signals() {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
}

bool are_write_signals_ignored() {
  auto is_ignored = [](int signal) {
    struct sigaction now {};
    return ::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
  };
  return is_ignored(SIGPIPE) && is_ignored(SIGXFSZ);
}

void say_at_last(std::string_view line, std::chrono::milliseconds patience) {
  while (!line.empty()) {
    pollfd out{STDERR_FILENO, POLLOUT, 0};
    auto ready = ::poll(&out, 1, static_cast<int>(patience.count()));
    if (ready == 0 || (ready > 0 && (out.revents & POLLOUT) == 0) ||
        (ready < 0 && errno != EINTR))
      return;
    // A ready pipe takes this much without waiting.
    auto written =
      ::write(STDERR_FILENO, line.data(), std::min<std::size_t>(line.size(), PIPE_BUF));
    if (written < 0 && errno != EINTR && errno != EAGAIN)
      return;
    if (written > 0)
      line.remove_prefix(static_cast<std::size_t>(written));
  }
}

} // namespace peerage
