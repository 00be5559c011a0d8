#pragma once

#include <fmt/core.h>

#include <string_view>
#include <utility>

/// What the actors write to the log. A front to spdlog's default logger, which the
/// executable sets up: including all of spdlog in each actor would double the time that
/// it takes to compile.
namespace peerage::log {

enum class level { debug, info, warn, error, critical };

/// Writes `text`, formatted with `values`, if anybody listens to `at`.
void write_formatted(level at, fmt::string_view text, fmt::format_args values);

template <class... Values>
void write(level at, fmt::format_string<Values...> text, Values&&... values) {
  write_formatted(at, text, fmt::make_format_args(values...));
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

template <class... Values>
void critical(fmt::format_string<Values...> text, Values&&... values) {
  write_formatted(level::critical, text, fmt::make_format_args(values...));
}

} // namespace peerage::log
