// SPDX-License-Identifier: MIT
#include "app/command_tree.hpp"

#include <CLI/CLI.hpp>

namespace peerage {

namespace {

std::vector<shown_option> options_of(const CLI::App& x, bool positional) {
  std::vector<shown_option> result;
  for (const auto* option : x.get_options()) {
    if (option->get_group().empty() || option->get_positional() != positional)
      continue;
    shown_option shown;
    for (const auto& name : option->get_snames())
      shown.names.push_back("-" + name);
    for (const auto& name : option->get_lnames())
      shown.names.push_back("--" + name);
    shown.value = positional ? option->get_name(true) : option->get_type_name();
    if (option->get_items_expected_max() == 0 && !positional)
      shown.value.clear(); // a flag
    shown.text = option->get_description();
    shown.group = option->get_group();
    result.push_back(std::move(shown));
  }
  return result;
}

} // namespace

std::vector<const CLI::App*> shown_commands(const CLI::App& x) {
  std::vector<const CLI::App*> result;
  for (const auto* inside : x.get_subcommands({}))
    if (!inside->get_group().empty())
      result.push_back(inside);
  return result;
}

std::vector<shown_option> shown_options(const CLI::App& x) {
  return options_of(x, false);
}

std::vector<shown_option> shown_arguments(const CLI::App& x) {
  return options_of(x, true);
}

bool is_path(const std::string& value) {
  return value == "FILE" || value == "PATH" || value == "DIR";
}

} // namespace peerage
