// SPDX-License-Identifier: MIT
#include "app/service_manager.hpp"

#include <systemd/sd-daemon.h>

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

namespace peerage::service_manager {

namespace {

/// In microseconds. A service manager that reads nothing must not hold up a stop, or an
/// actor.
constexpr suseconds_t longest_wait = 100'000;

/// sd_notify(3), which waits without a limit. A failure is the service manager's: there
/// is nobody else to tell.
void tell(const std::string& assignments) {
  const char* place = std::getenv("NOTIFY_SOCKET");
  sockaddr_un to{};
  if (!place || (*place != '/' && *place != '@') ||
      std::strlen(place) >= sizeof to.sun_path)
    return;
  const auto length = std::strlen(place);
  to.sun_family = AF_UNIX;
  std::copy_n(place, length, to.sun_path);
  if (*place == '@')
    to.sun_path[0] = '\0'; // a name without a file
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0)
    return;
  const timeval limit{0, longest_wait};
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  ::sendto(socket, assignments.data(), assignments.size(), MSG_NOSIGNAL,
           reinterpret_cast<const sockaddr*>(&to),
           static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length));
  ::close(socket);
}

} // namespace

void tell_ready() {
  tell("READY=1");
}

void tell_stopping() {
  tell("STOPPING=1\nSTATUS=Stopping");
}

void tell_reloading() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const auto microseconds =
    static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1'000;
  tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds));
}

void tell_status(std::string_view line) {
  tell("STATUS=" + std::string(line));
}

void tell_alive() {
  tell("WATCHDOG=1");
}

std::optional<std::chrono::microseconds> watchdog_limit() {
  std::uint64_t limit = 0;
  if (::sd_watchdog_enabled(0, &limit) <= 0)
    return std::nullopt;
  return std::chrono::microseconds{limit};
}

} // namespace peerage::service_manager
