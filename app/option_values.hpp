// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <chrono>
#include <string>
#include <system_error>

/// Common to the options of all commands: how values are read, and the errors for wrong
/// ones.
namespace peerage {

/// The exit status for a mistake in options or arguments.
inline constexpr int usage_status = 2;

/// The program cannot do what it is asked to: say `text`, exit with `status`.
struct early_exit {
  int status = 1;
  std::string text; ///< One line for stderr.
};

/// A mistake in one option; the text tells what would be right.
struct option_error {
  std::string why;
};

/// Makes an error one line, for people and scripts, even if a library's text or a path
/// has several.
std::string in_one_line(std::string text);

/// The exit for a mistake on the command line: status 2, one line. `command` is the one
/// whose --help is named: "peerage run".
early_exit usage_mistake(std::string text, const std::string& command);

/// `--option VALUE`, for error texts. A value is shown unchanged, but on one line.
std::string named(const std::string& option, const std::string& value);

/// The shortest text for a number: "20", "0.05".
std::string number_text(double x);

/// Throws `option_error`, in which `kind` tells what would be right.
template <class Number>
Number read_number(const std::string& text, Number low, Number high,
                   const std::string& kind) {
  Number result{};
  auto last = text.data() + text.size();
  auto [end, error] = std::from_chars(text.data(), last, result);
  auto in_range = result >= low && result <= high; // never true for NaN
  if (error != std::errc{} || end != last || !in_range)
    throw option_error{"must be " + kind};
  return result;
}

/// Seconds, fractions allowed, from 0.05 (timers finer than that would only spin) to
/// `longest`. Throws `option_error`.
std::chrono::nanoseconds read_seconds(const std::string& text, double longest);

} // namespace peerage
