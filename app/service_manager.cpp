// SPDX-License-Identifier: MIT
#include "app/service_manager.hpp"

#include <systemd/sd-daemon.h>

#include <cstdint>
#include <ctime>
#include <string>

namespace peerage::service_manager {

namespace {

// A failure is the service manager's: there is nobody else to tell.
void tell(const std::string& assignments) {
  ::sd_notify(0, assignments.c_str());
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
