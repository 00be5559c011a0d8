// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

/// Values as people write them. All of these throw `option_error` for others.
namespace peerage {

/// A duration in seconds: "90", "90s", "15m", "12h", "7d", "2w".
std::int64_t read_duration(const std::string& text);

/// A date in UTC, as Unix seconds: "2026-12-01", "2026-12-01 18:30",
/// "2026-12-01T18:30:05Z".
std::int64_t read_date(const std::string& text);

} // namespace peerage
