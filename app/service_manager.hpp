// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

/// What is told to the service manager that has started this process: systemd
/// (`Type=notify`), or whatever speaks its protocol, sd_notify(3). Without one, all of
/// this does nothing. Any thread. What a manager does not take within 100 ms is lost.
namespace peerage::service_manager {

/// The start is over.
void tell_ready();

/// An ordered stop has begun.
void tell_stopping();

/// The options are being read again; `tell_ready` ends it.
void tell_reloading();

/// A line for people, as `systemctl status` shows it.
void tell_status(std::string_view line);

/// Resets the watchdog.
void tell_alive();

/// How long the watchdog waits for `tell_alive` before it ends this process
/// (`WatchdogSec=`); nothing if it does not watch.
std::optional<std::chrono::microseconds> watchdog_limit();

} // namespace peerage::service_manager
