// SPDX-License-Identifier: MIT
#include "app/human_text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

namespace peerage {

namespace {

/// A longer duration is a mistake, and would not fit an integer.
constexpr double longest_seconds = 1e12;

/// The year 9999.
constexpr double latest_date = 253'402'300'800.0;

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

std::string time_text(double unix_seconds) {
  if (!(unix_seconds > 0 && unix_seconds < latest_date))
    return "-";
  const auto seconds = static_cast<std::time_t>(unix_seconds);
  std::tm date{};
  std::array<char, 32> buffer{};
  if (!gmtime_r(&seconds, &date) ||
      std::strftime(buffer.data(), buffer.size(), "%Y-%m-%d %H:%M:%S", &date) == 0)
    return "-";
  return buffer.data();
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

std::string printable_lines(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool is_control = (byte < ' ' && byte != '\n' && byte != '\t') || byte == 0x7f;
    // U+0080 to U+009F: terminals take some of these for escape sequences.
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
    if (byte == 0xc2 && next >= 0x80 && next < 0xa0) {
      result += '?';
      ++i;
    } else {
      result += is_control ? '?' : text[i];
    }
  }
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
