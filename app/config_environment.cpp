// SPDX-License-Identifier: MIT
#include "app/config_environment.hpp"

#include "app/nearest_name.hpp"
#include "app/option_values.hpp"

#include <algorithm>
#include <array>

namespace peerage {

namespace {

constexpr std::string_view variable_prefix = "PEERAGE_";

/// Of scripts/ and tests/: not for the program.
constexpr std::array<std::string_view, 3> script_variables{
  "PEERAGE_BUILD_DIR", "PEERAGE_BCOIN_DIR", "PEERAGE_LOG"};

/// "max-inbound" of PEERAGE_MAX_INBOUND. Empty if it is not in upper case.
std::string option_of(std::string_view variable) {
  std::string result;
  for (auto c : variable.substr(variable_prefix.size())) {
    if (c >= 'a' && c <= 'z')
      return {};
    result += c == '_'               ? '-'
              : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a')
                                     : c;
  }
  return result;
}

std::string unknown_variable(std::string_view variable,
                             const std::vector<option_spec>& options) {
  auto names = names_of(options);
  names.emplace_back("config");
  const auto near = nearest_name(variable.substr(variable_prefix.size()), names);
  return "unknown environment variable " + std::string(variable) +
         (near.empty() ? "" : " (did you mean " + variable_of(near) + "?)");
}

std::vector<given_value> values_of(std::string_view text, bool repeatable) {
  if (!repeatable)
    return {{std::string(text)}};
  std::vector<given_value> result;
  for (;;) {
    const auto comma = text.find(',');
    result.push_back({std::string(text.substr(0, comma))});
    if (comma == text.npos)
      return result;
    text.remove_prefix(comma + 1);
  }
}

} // namespace

std::string variable_of(std::string_view option) {
  std::string result{variable_prefix};
  for (auto c : option)
    result += c == '-'               ? '_'
              : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A')
                                     : c;
  return result;
}

config_environment read_environment(const char* const* environment,
                                    const std::vector<option_spec>& options) {
  config_environment result;
  for (; environment && *environment; ++environment) {
    const std::string_view entry = *environment;
    const auto equals = entry.find('=');
    if (!entry.starts_with(variable_prefix) || equals == entry.npos)
      continue;
    const auto variable = entry.substr(0, equals);
    const auto text = entry.substr(equals + 1);
    if (std::ranges::find(script_variables, variable) != script_variables.end())
      continue;
    const auto name = option_of(variable);
    const auto* option = find_option(options, name);
    if (name == "config") {
      result.config_path = text;
    } else if (!option) {
      result.mistakes.push_back({0, 0, in_one_line(unknown_variable(variable, options))});
    } else if (!text.empty()) {
      given_option found{value_source::environment, std::string(variable), name, 0,
                         values_of(text, option->repeatable)};
      const bool is_old_name = name != option->name;
      auto [at, added] = result.given.try_emplace(option->name, found);
      if (!added && !is_old_name) // the new name counts
        at->second = std::move(found);
    }
  }
  std::ranges::sort(result.mistakes, {}, &config_mistake::text);
  return result;
}

} // namespace peerage
