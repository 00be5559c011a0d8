// SPDX-License-Identifier: MIT
#include "app/option_values.hpp"

#include <algorithm>
#include <sstream>

namespace peerage {

namespace {

constexpr double shortest_seconds = 0.05;

} // namespace

std::string in_one_line(std::string text) {
  std::ranges::replace_if(
    text, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return text;
}

early_exit usage_mistake(std::string text, const std::string& command) {
  return {usage_status,
          "peerage: " + in_one_line(std::move(text)) + " (see " + command + " --help)"};
}

std::string named(const std::string& option, const std::string& value) {
  return "--" + option + " " + (value.empty() ? "''" : value);
}

std::string number_text(double x) {
  std::ostringstream out;
  out << x;
  return out.str();
}

std::chrono::nanoseconds read_seconds(const std::string& text, double longest) {
  auto seconds = read_number<double>(text, shortest_seconds, longest,
                                     "seconds from " + number_text(shortest_seconds) +
                                       " to " + number_text(longest));
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
    std::chrono::duration<double>(seconds));
}

} // namespace peerage
