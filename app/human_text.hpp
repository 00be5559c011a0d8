// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// Values as people read them. All of it is ASCII, so that a character is a column wide
/// in every locale.
namespace peerage {

/// A duration in its largest unit, rounded down, for narrow columns: "0s", "59s", "12m",
/// "3h", "45d". A negative duration (clocks differ) or NaN counts as 0.
std::string short_duration_text(double seconds);

/// A duration in its two largest units: "5s", "12m 5s", "3h 12m", "45d 0h".
std::string duration_text(double seconds);

/// A round trip: "<0.1 ms", "0.3 ms", "38 ms", "1.2 s".
std::string latency_text(double seconds);

/// A moment: "2026-11-29 19:06:03", in UTC. "-" if it is none that a person could mean.
std::string time_text(double unix_seconds);

/// "999 B", "1.2 KiB", "34 MiB", …, in powers of 1024.
std::string size_text(std::uint64_t bytes);

/// Foreign text as one line that cannot control a terminal: every byte that is not
/// printable ASCII becomes '?', and the text is cut after `limit`.
std::string printable(std::string_view text, std::size_t limit = 256);

/// Foreign text that may have several lines, likewise; it stays as long as it is. UTF-8
/// stays, too.
std::string printable_lines(std::string_view text);

/// The text in at most `width` columns; "..." marks a cut if that fits.
std::string cut(std::string text, std::size_t width);

} // namespace peerage
