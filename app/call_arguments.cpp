// SPDX-License-Identifier: MIT
#include "app/call_arguments.hpp"

#include "app/option_values.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace peerage {

using nlohmann::ordered_json;

namespace {

/// The length of the key of a named argument; 0: it is none.
std::size_t key_length(const std::string& argument) {
  const auto equals = argument.find('=');
  auto is_small = [](char c) { return c >= 'a' && c <= 'z'; };
  auto is_inside = [&](char c) {
    return is_small(c) || (c >= '0' && c <= '9') || c == '_';
  };
  if (equals == std::string::npos || equals == 0 || !is_small(argument.front()))
    return 0;
  const auto end = argument.begin() + static_cast<std::ptrdiff_t>(equals);
  return std::all_of(argument.begin(), end, is_inside) ? equals : 0;
}

} // namespace

ordered_json call_argument(const std::string& text) {
  auto result = ordered_json::parse(text, nullptr, false);
  // A hash of digits alone would not come back the same from a number.
  const bool is_rounded =
    result.is_number_float() && text.find_first_of(".eE") == std::string::npos;
  return result.is_discarded() || is_rounded ? ordered_json(text) : result;
}

ordered_json call_parameters(const std::vector<std::string>& arguments) {
  auto by_place = ordered_json::array();
  auto named = ordered_json::object();
  for (const auto& argument : arguments) {
    const auto length = key_length(argument);
    if (length == 0) {
      by_place.push_back(call_argument(argument));
      continue;
    }
    const auto key = argument.substr(0, length);
    if (named.contains(key))
      throw option_error{"the parameter " + key + " is given twice"};
    named[key] = call_argument(argument.substr(length + 1));
  }
  if (named.empty())
    return by_place;
  if (!by_place.empty())
    named["args"] = std::move(by_place);
  return named;
}

} // namespace peerage
