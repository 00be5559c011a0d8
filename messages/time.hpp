// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace peerage {

/// Seconds since 1970-01-01 UTC, for times that are shown, sent or saved, and for ends at
/// a date. All else is measured on the actor clock.
using unix_seconds = std::int64_t;

/// The distance of two times, in either direction. After the clock was set back, an event
/// of "a minute ago" may lie ahead: then it is as far away as after a step forward,
/// instead of being recent until that time comes again.
constexpr unix_seconds apart(unix_seconds a, unix_seconds b) {
  return a < b ? b - a : a - b;
}

inline constexpr unix_seconds one_minute = 60;
inline constexpr unix_seconds one_hour = 60 * one_minute;
inline constexpr unix_seconds one_day = 24 * one_hour;

} // namespace peerage
