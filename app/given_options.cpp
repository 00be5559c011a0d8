// SPDX-License-Identifier: MIT
#include "app/given_options.hpp"

#include "app/option_values.hpp"

namespace peerage {

std::string place_text(const std::string& path, std::size_t line, std::size_t column) {
  auto result = path;
  if (line > 0)
    result += ":" + std::to_string(line);
  if (line > 0 && column > 0)
    result += ":" + std::to_string(column);
  return result;
}

std::string value_text(const given_option& option, const given_value& value) {
  const auto shown = value.text.empty() ? "''" : value.text;
  switch (option.source) {
  case value_source::file:
    return place_text(option.place, value.line, value.column) + ": " + option.name +
           " = " + shown;
  case value_source::environment: return option.place + "=" + shown;
  case value_source::command_line: break;
  }
  return named(option.name, value.text);
}

std::string source_text(const given_option& option) {
  switch (option.source) {
  case value_source::file: return place_text(option.place, option.line);
  case value_source::environment: return option.place;
  case value_source::command_line: break;
  }
  return "command line";
}

} // namespace peerage
