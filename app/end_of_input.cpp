// SPDX-License-Identifier: MIT
#include "app/end_of_input.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <iterator>
#include <system_error>
#include <utility>

namespace peerage {

namespace {

/// Whether there is another side, whose end the system tells.
bool has_other_side(int descriptor) {
  struct stat what {};
  if (::fstat(descriptor, &what) != 0)
    return false;
  return S_ISFIFO(what.st_mode) || S_ISSOCK(what.st_mode) || ::isatty(descriptor) == 1;
}

int make_event() {
  auto result = ::eventfd(0, EFD_CLOEXEC);
  if (result < 0)
    throw std::system_error(errno, std::generic_category(), "eventfd");
  return result;
}

} // namespace

end_of_input::end_of_input(int descriptor, std::function<void()> on_end)
    : on_end_(std::move(on_end)), wake_(make_event()),
      thread_([this, descriptor] { watch(descriptor); }) {}

end_of_input::~end_of_input() {
  ::eventfd_write(wake_, 1);
  thread_.join();
  ::close(wake_);
}

void end_of_input::watch(int descriptor) const {
  if (has_other_side(descriptor)) {
    // Ends are told without being asked for, except for a socket that is half closed.
    pollfd watched[]{{descriptor, POLLRDHUP, 0}, {wake_, POLLIN, 0}};
    while (::poll(watched, std::size(watched), -1) < 0 && errno == EINTR) {
    }
    if (watched[0].revents == 0)
      return;
  }
  on_end_();
}

} // namespace peerage
