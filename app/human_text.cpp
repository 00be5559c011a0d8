// SPDX-License-Identifier: MIT
#include "app/human_text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace peerage {

namespace {

/// A longer duration is a mistake, and would not fit an integer.
constexpr double longest_seconds = 1e12;

constexpr std::uint64_t minute = 60;
constexpr std::uint64_t hour = 60 * minute;
constexpr std::uint64_t day = 24 * hour;

std::uint64_t whole_seconds(double x) {
  return x > 0 ? static_cast<std::uint64_t>(std::min(x, longest_seconds)) : 0;
}

std::string with_unit(std::uint64_t number, const char* unit) {
  return std::to_string(number) + unit;
}

/// At least two significant digits: "1.2", "38", "412".
std::string decimal(double x) {
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), x < 9.95 ? "%.1f" : "%.0f", x);
  return buffer.data();
}

} // namespace

std::string short_duration_text(double seconds) {
  auto x = whole_seconds(seconds);
  if (x < minute)
    return with_unit(x, "s");
  if (x < hour)
    return with_unit(x / minute, "m");
  if (x < day)
    return with_unit(x / hour, "h");
  return with_unit(x / day, "d");
}

std::string duration_text(double seconds) {
  auto x = whole_seconds(seconds);
  if (x < minute)
    return with_unit(x, "s");
  if (x < hour)
    return with_unit(x / minute, "m ") + with_unit(x % minute, "s");
  if (x < day)
    return with_unit(x / hour, "h ") + with_unit(x % hour / minute, "m");
  return with_unit(x / day, "d ") + with_unit(x % day / hour, "h");
}

std::string latency_text(double seconds) {
  auto milliseconds = seconds * 1000;
  if (!(milliseconds >= 0.05))
    return "<0.1 ms";
  if (milliseconds < 999.5)
    return decimal(milliseconds) + " ms";
  return decimal(std::min(seconds, longest_seconds)) + " s";
}

std::string size_text(std::uint64_t bytes) {
  if (bytes < 1024)
    return with_unit(bytes, " B");
  static constexpr std::array units{" KiB", " MiB", " GiB", " TiB", " PiB", " EiB"};
  auto x = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; x >= 1023.5 && unit + 1 < units.size(); ++unit) // what would be shown as 1024
    x /= 1024;
  return decimal(x) + units[unit];
}

std::string printable(std::string_view text, std::size_t limit) {
  std::string result{text.substr(0, limit)};
  std::ranges::replace_if(
    result, [](char c) { return c < ' ' || c > '~'; }, '?');
  return result;
}

std::string cut(std::string text, std::size_t width) {
  constexpr std::string_view dots = "...";
  if (text.size() <= width)
    return text;
  auto marked = width > dots.size();
  text.resize(marked ? width - dots.size() : width);
  return marked ? text.append(dots) : text;
}

} // namespace peerage
