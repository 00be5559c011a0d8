// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/log_part.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

/// What the actors write to the log: lines go to the sink that the program gives, and
/// without one nowhere.
///
/// ```
/// log::info("peer {} has left {}", log::field("peer", id), place);
/// ```
namespace peerage::log {

enum class level : std::uint8_t { trace, debug, info, warn, error, critical };

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

/// A value of a line that has a name: a log for programs shows it on its own, too. Within
/// the text it looks like the value.
struct field {
  field(std::string_view x, std::string value)
      : name(x), text(std::move(value)), is_number(false) {}
  field(std::string_view x, std::string_view value) : field(x, std::string(value)) {}
  field(std::string_view x, const char* value) : field(x, std::string(value)) {}
  field(std::string_view x, std::integral auto value)
      : name(x), text(std::to_string(value)), is_number(true) {}

  std::string_view name; ///< snake_case, as in events. Not one of the log's own members.
  std::string text;
  bool is_number; ///< In JSON without quotes.
};

/// A line for a sink. Valid during the call.
struct line {
  level at;
  part from;
  std::string_view text; ///< With its values put in.
  /// The same for lines of one kind, which may be merged; empty: this one may not be.
  std::string_view kind;
  std::span<const field* const> values; ///< Null are those that are no fields.
};

/// Takes the lines of all nodes in this process. Any thread, several at a time; must
/// neither wait for a reader nor throw.
class sink {
public:
  virtual ~sink() = default;
  virtual void write(const line& x) = 0;
  /// Waits briefly until all lines so far have left the process.
  virtual void flush() {}
};

/// From now on, lines go there; null: nowhere, as at the start. Any thread.
void set_sink(std::shared_ptr<log::sink> to);

/// The text of a line, checked against its values when it is compiled, with the part of
/// the node that its source file belongs to.
template <class... Values>
struct line_text {
  template <class Text>
  requires std::convertible_to<const Text&, std::string_view>
  consteval line_text(const Text& x, const char* file = __builtin_FILE())
      : format(x), from(part_of_file(file)) {}

  fmt::format_string<Values...> format;
  part from;
};

/// Lines of a part are logged from this level on. Any thread; the change counts at once.
void set_level(part x, level from);
/// The same of all parts: their usual level.
void set_level(level from);
level level_of(part x);
level usual_level();

/// Whether a line would be written.
bool is_on(part from, level at) noexcept;

using field_pointer = const field*;

/// Writes `text`, formatted with `values`. Neither waits for the reader of the log nor
/// throws.
/// @param named Those of the values that are fields; null for the others.
void write_formatted(const kind& what, part from, fmt::string_view text,
                     fmt::format_args values, const field_pointer* named,
                     std::size_t count) noexcept;

/// Flushes the sink, if there is one.
void flush();

inline field_pointer as_field(const field& x) {
  return &x;
}
template <class Value>
field_pointer as_field(const Value&) {
  return nullptr;
}

template <class... Values>
void write(part from, const kind& what, line_text<std::type_identity_t<Values>...> text,
           Values&&... values) {
  if (!is_on(from, what.at))
    return;
  const std::array<field_pointer, sizeof...(values) + 1> named{as_field(values)...,
                                                               nullptr};
  write_formatted(what, from, text.format, fmt::make_format_args(values...), named.data(),
                  sizeof...(values));
}

template <class... Values>
void write(const kind& what, line_text<std::type_identity_t<Values>...> text,
           Values&&... values) {
  write(text.from, what, text, std::forward<Values>(values)...);
}

template <class... Values>
void debug(line_text<std::type_identity_t<Values>...> text, Values&&... values) {
  write(level::debug, text, std::forward<Values>(values)...);
}

template <class... Values>
void info(line_text<std::type_identity_t<Values>...> text, Values&&... values) {
  write(level::info, text, std::forward<Values>(values)...);
}

template <class... Values>
void warn(line_text<std::type_identity_t<Values>...> text, Values&&... values) {
  write(level::warn, text, std::forward<Values>(values)...);
}

template <class... Values>
void error(line_text<std::type_identity_t<Values>...> text, Values&&... values) {
  write(level::error, text, std::forward<Values>(values)...);
}

/// Always written.
template <class... Values>
void critical(line_text<std::type_identity_t<Values>...> text, Values&&... values) {
  write(always(level::critical), text, std::forward<Values>(values)...);
}

} // namespace peerage::log

template <>
struct fmt::formatter<peerage::log::field> {
  constexpr auto parse(fmt::format_parse_context& context) { return context.begin(); }

  template <class Context>
  auto format(const peerage::log::field& x, Context& context) const {
    return std::copy(x.text.begin(), x.text.end(), context.out());
  }
};
