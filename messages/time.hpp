#pragma once

#include <cstdint>

namespace peerage {

/// Seconds since 1970-01-01 UTC, for what is shown, sent, or saved. Everything else is
/// measured on the actor clock.
using unix_seconds = std::int64_t;

inline constexpr unix_seconds one_minute = 60;
inline constexpr unix_seconds one_hour = 60 * one_minute;
inline constexpr unix_seconds one_day = 24 * one_hour;

} // namespace peerage
