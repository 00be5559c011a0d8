// SPDX-License-Identifier: MIT
#include "app/config_report.hpp"

#include "app/node_resources.hpp"
#include "app/option_spec.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

namespace peerage {

namespace {

/// Where the sources stand, unless a value reaches further.
constexpr std::size_t source_column = 40;

std::string toml_text(std::string_view text) {
  std::string result = "\"";
  for (auto c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') {
      std::array<char, 8> buffer{};
      std::snprintf(buffer.data(), buffer.size(), "\\u%04X",
                    static_cast<unsigned>(static_cast<unsigned char>(c)));
      result += buffer.data();
    } else {
      result += c;
    }
  }
  return result + "\"";
}

std::string toml_value(const option_spec& option, const std::string& text) {
  return option.kind() == value_kind::text ? toml_text(text) : text;
}

std::string toml_list(const option_spec& option, const std::vector<std::string>& texts) {
  std::string result;
  for (const auto& text : texts)
    result += (result.empty() ? "" : ", ") + toml_value(option, text);
  return "[" + result + "]";
}

/// The values without being told any; some depend on other options, or on the system.
std::vector<std::string> standard_values(const option_spec& option,
                                         const run_options& in_force) {
  const std::string_view name = option.name;
  if (name == "listen") {
    std::vector<std::string> result;
    for (const auto& at : places_to_listen(in_force))
      result.push_back(to_string(at));
    return result;
  }
  if (name == "max-outbound")
    return {std::to_string(outbound_limit(in_force))};
  if (name == "data-dir")
    return {in_force.data_dir.string()};
  if (option.kind() == value_kind::flag)
    return {"false"};
  return option.standard.empty() ? std::vector<std::string>{}
                                 : std::vector{option.standard};
}

std::string line_of(const option_spec& option, const configuration& x) {
  std::vector<std::string> values;
  std::string source = "default";
  if (auto found = x.given.find(option.name); found != x.given.end()) {
    for (const auto& value : found->second.values)
      values.push_back(value.text);
    source = source_text(found->second);
  } else {
    values = standard_values(option, x.options);
  }
  std::string result = option.name;
  if (option.repeatable)
    result += " = " + toml_list(option, values);
  else if (values.empty())
    result = "# " + result + " is not set";
  else
    result += " = " + toml_value(option, values.back());
  if (result.size() < source_column)
    result.resize(source_column, ' ');
  return result + "  # " + source + "\n";
}

} // namespace

std::string config_report(const configuration& x) {
  std::string result;
  std::string_view group;
  for (const auto& option : all_options()) {
    if (group != option.group) {
      group = option.group;
      result += (result.empty() ? "# " : "\n# ") + std::string(group) + "\n";
    }
    result += line_of(option, x);
  }
  return result;
}

std::string config_example() {
  std::string result =
    "# Options of peerage run; `peerage config check FILE` finds mistakes.\n"
    "# Each line shows a value to start from: remove the # in front.\n";
  std::string_view group;
  for (const auto& option : all_options()) {
    if (group != option.group) {
      group = option.group;
      result.append("\n# == ").append(group).append(" ==\n");
    }
    std::string help = option.help;
    for (auto at = help.find('\n'); at != help.npos; at = help.find('\n', at + 1))
      help.replace(at, 1, "\n# ");
    auto value = option.standard;
    if (option.kind() == value_kind::flag)
      value = "false";
    else if (option.kind() == value_kind::text)
      value = toml_text(value.empty() ? option.value : value);
    else if (value.empty())
      value = "0";
    result.append("\n# ").append(help).append("\n# ").append(option.name).append(" = ");
    result.append(option.repeatable ? "[" + value + "]" : value).append("\n");
  }
  return result;
}

} // namespace peerage
