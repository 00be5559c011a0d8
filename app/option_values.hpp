#pragma once

#include <charconv>
#include <chrono>
#include <string>
#include <system_error>

/// What the options of all commands have in common: how values are read, and what is said
/// of those that are wrong.
namespace peerage {

/// The program has nothing more to do: print `text`, exit with `status`.
struct early_exit {
  int status = 0;
  std::string text; ///< To stdout if `status` is 0, else one line for stderr.
};

/// A mistake in one option; the text says what would have been right.
struct option_error {
  std::string why;
};

/// Errors are one line for people and scripts, whatever a library or a path brings.
std::string in_one_line(std::string text);

/// How every command line mistake ends: exit status 2, one line. `command` is whose
/// --help would have told: "peerage run".
early_exit usage_mistake(std::string text, const std::string& command);

/// `--option VALUE`, for error texts. A value is shown as it was, but on one line.
std::string named(const std::string& option, const std::string& value);

/// The shortest text for a number: "20", "0.05".
std::string number_text(double x);

/// Throws `option_error`, in which `kind` says what would have been right.
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
