// SPDX-License-Identifier: MIT
#pragma once

#include <fmt/core.h>

#include <string_view>
#include <utility>

/// What the actors write to the log. A front to spdlog's default logger, which the
/// executable sets up: including all of spdlog in each actor would double the time that
/// it takes to compile.
namespace peerage::log {

enum class level { debug, info, warn, error, critical };

/// What a line is: lines with the same text (before its values are put in), level and
/// detail are of one kind. Lines that strangers can cause a thousand times a second are
/// merged by kind before they flood the log.
struct kind {
  constexpr kind(level x, std::string_view more = {}) : at(x), detail(more) {}

  level at;
  std::string_view detail; ///< One of a few words, such as a reason; may be empty.
  bool merged = true;
};

/// A line that is always written: rare, and each one matters.
constexpr kind always(level at) {
  kind result{at};
  result.merged = false;
  return result;
}

/// Writes `text`, formatted with `values`, if that level is logged. Neither waits for the
/// reader of the log nor throws.
void write_formatted(const kind& what, fmt::string_view text,
                     fmt::format_args values) noexcept;

/// Waits briefly until all lines so far have left the process.
void flush();

template <class... Values>
void write(const kind& what, fmt::format_string<Values...> text, Values&&... values) {
  write_formatted(what, text, fmt::make_format_args(values...));
}

template <class... Values>
void debug(fmt::format_string<Values...> text, Values&&... values) {
  write_formatted(level::debug, text, fmt::make_format_args(values...));
}

template <class... Values>
void info(fmt::format_string<Values...> text, Values&&... values) {
  write_formatted(level::info, text, fmt::make_format_args(values...));
}

template <class... Values>
void warn(fmt::format_string<Values...> text, Values&&... values) {
  write_formatted(level::warn, text, fmt::make_format_args(values...));
}

template <class... Values>
void error(fmt::format_string<Values...> text, Values&&... values) {
  write_formatted(level::error, text, fmt::make_format_args(values...));
}

/// Always written.
template <class... Values>
void critical(fmt::format_string<Values...> text, Values&&... values) {
  write_formatted(always(level::critical), text, fmt::make_format_args(values...));
}

} // namespace peerage::log
