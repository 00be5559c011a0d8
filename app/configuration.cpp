// SPDX-License-Identifier: MIT
#include "app/configuration.hpp"

#include "app/config_environment.hpp"
#include "app/config_file.hpp"
#include "app/option_spec.hpp"
#include "messages/checks/expects.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>

namespace peerage {

namespace {

std::string new_name_text(const given_option& given, const std::string& option) {
  const auto place =
    given.source == value_source::command_line ? "" : source_text(given) + ": ";
  return place + "--" + given.name + " is called --" + option + " today";
}

/// Warns of old names, and replaces what an earlier source gives.
void take(given_options&& from, configuration& to) {
  for (auto& [option, given] : from) {
    if (given.name != option)
      to.options.warnings.push_back(new_name_text(given, option));
    to.given.insert_or_assign(option, std::move(given));
  }
}

void take(std::vector<config_mistake>&& from, configuration& to) {
  std::ranges::move(from, std::back_inserter(to.mistakes));
}

void set_value(const option_spec& option, const given_option& given,
               const given_value& value, configuration& to) {
  try {
    option.set(to.options, value.text);
  } catch (const option_error& error) {
    to.mistakes.push_back({value.line, value.column,
                           in_one_line(value_text(given, value) + ": " + error.why)});
  }
}

void set_option(const option_spec& option, const given_option& given, configuration& to) {
  const auto& values = given.values;
  if (!option.repeatable) {
    if (!values.empty())
      set_value(option, given, values.back(), to); // the last one counts
    return;
  }
  for (const auto& value : values)
    set_value(option, given, value, to);
  if (std::string_view(option.name) != "listen")
    return;
  if (values.empty())
    to.options.listen.emplace(); // an empty array: nowhere
  auto none = std::ranges::find(values, "none", &given_value::text);
  if (none != values.end() && values.size() > 1)
    to.mistakes.push_back(
      {none->line, none->column,
       value_text(given, *none) + ": cannot be combined with other addresses"});
}

} // namespace

configuration read_sources(given_options arguments,
                           const std::optional<std::string>& config_path,
                           const char* const* environment) {
  const auto& options = all_options();
  configuration result;
  auto variables = read_environment(environment, options);
  if (const auto path = config_path.value_or(variables.config_path);
      config_path || !path.empty()) {
    result.config_path = path;
    auto file = read_config_file(path, options);
    take(std::move(file.given), result);
    take(std::move(file.mistakes), result);
  }
  take(std::move(variables.given), result);
  take(std::move(variables.mistakes), result);
  take(std::move(arguments), result);
  for (const auto& option : options)
    if (auto found = result.given.find(option.name); found != result.given.end())
      set_option(option, found->second, result);
  std::ranges::stable_sort(result.mistakes, {}, [](const config_mistake& x) {
    return std::tuple(x.line, x.column);
  });
  return result;
}

configuration read_configuration(given_options arguments,
                                 const std::optional<std::string>& config_path,
                                 const char* const* environment) {
  auto result = read_sources(std::move(arguments), config_path, environment);
  if (result.mistakes.empty())
    if (auto wrong = check_together(result.options); !wrong.empty())
      result.mistakes.push_back({0, 0, std::move(wrong)});
  return result;
}

early_exit exit_for_mistakes(const std::vector<config_mistake>& mistakes,
                             const std::string& command) {
  PEERAGE_EXPECTS(!mistakes.empty());
  auto text = mistakes.front().text;
  if (const auto more = mistakes.size() - 1; more > 0)
    text += " (and " + std::to_string(more) + " more mistake" + (more > 1 ? "s" : "") +
            ": peerage config check FILE tells all of a file)";
  return usage_mistake(std::move(text), command);
}

} // namespace peerage
