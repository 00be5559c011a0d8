#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// Values as people read them. All of it is ASCII, so that a character is a column wide
/// in every locale.
namespace peerage {

/// A duration in its largest unit, rounded down, for narrow columns: "0s", "59s", "12m",
/// "3h", "45d". What is negative (clocks differ) or no number counts as 0.
std::string short_duration_text(double seconds);

/// A duration in its two largest units: "5s", "12m 5s", "3h 12m", "45d 0h".
std::string duration_text(double seconds);

/// A round trip: "<0.1 ms", "0.3 ms", "38 ms", "1.2 s".
std::string latency_text(double seconds);

/// "999 B", "1.2 KiB", "34 MiB", …, in powers of 1024.
std::string size_text(std::uint64_t bytes);

/// What somebody else wrote, as one line that cannot steer a terminal: every byte that is
/// not printable ASCII becomes '?', and what is longer than `limit` is cut.
std::string printable(std::string_view text, std::size_t limit = 256);

/// The text in at most `width` columns; what is missing is shown by "..." if that fits.
std::string cut(std::string text, std::size_t width);

} // namespace peerage
