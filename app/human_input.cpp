// SPDX-License-Identifier: MIT
#include "app/human_input.hpp"

#include "app/option_values.hpp"

#include <array>
#include <ctime>
#include <string_view>
#include <utility>

namespace peerage {

namespace {

/// A century: longer is a mistake.
constexpr std::int64_t longest_duration = 36'525LL * 86'400;

constexpr std::array<std::pair<char, std::int64_t>, 5> duration_units{
  {{'s', 1}, {'m', 60}, {'h', 3'600}, {'d', 86'400}, {'w', 604'800}}};

const std::string duration_wanted =
  "a whole number of seconds, or one with s, m, h, d or w behind it, like 12h";

} // namespace

std::int64_t read_duration(const std::string& text) {
  std::int64_t unit = 1;
  auto digits = text;
  for (const auto& [letter, seconds] : duration_units)
    if (!text.empty() && text.back() == letter) {
      unit = seconds;
      digits.pop_back();
    }
  return unit *
         read_number<std::int64_t>(digits, 1, longest_duration / unit, duration_wanted);
}

std::int64_t read_date(const std::string& text) {
  for (const auto* format : {"%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S",
                             "%Y-%m-%dT%H:%MZ", "%Y-%m-%dT%H:%M:%SZ"}) {
    std::tm date{};
    const auto* end = strptime(text.c_str(), format, &date);
    if (!end || *end != '\0' || date.tm_year < 70)
      continue;
    const auto asked = date;
    const auto result = timegm(&date);
    if (date.tm_mday == asked.tm_mday) // else the month has no such day
      return result;
  }
  throw option_error{"must be a date in UTC, like 2026-12-01 or \"2026-12-01 18:30\""};
}

} // namespace peerage
