// SPDX-License-Identifier: MIT
#include "app/run_arguments.hpp"

#include "app/option_spec.hpp"

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <optional>

namespace peerage {

run_arguments::run_arguments(CLI::App& command) : command_(&command) {
  for (const auto& option : all_options()) {
    auto name = std::string("--") + option.name;
    auto& values = from_arguments_[option.name];
    CLI::Option* added = nullptr;
    if (option.kind() == value_kind::flag) {
      added = command_->add_flag(name, values, option.help); // "true", or what is told
    } else {
      added = command_->add_option(name, values, option.help)->type_name(option.value);
      added->type_size(1)->allow_extra_args(false);
    }
    added->group(option.group);
  }
  for (const auto& option : renamed_options)
    command_
      ->add_option(std::string("--") + option.before, from_arguments_[option.before])
      ->type_size(1)
      ->allow_extra_args(false)
      ->group(""); // not shown
  command_->add_option("--config", config_path_, "Read options from this TOML file")
    ->type_name("FILE")
    ->group(group_of_node_options)
    ->take_last();
}

configuration run_arguments::read() const {
  given_options given;
  auto take = [&](const std::string& name, const std::string& option) {
    const auto& values = from_arguments_.at(name);
    if (values.empty())
      return;
    given_option found{value_source::command_line, {}, name};
    for (const auto& value : values)
      found.values.push_back({value});
    given.try_emplace(option, std::move(found)); // the new name counts
  };
  for (const auto& option : all_options())
    take(option.name, option.name);
  for (const auto& option : renamed_options)
    take(option.before, option.now);
  std::optional<std::string> path;
  if (command_->count("--config") > 0)
    path = config_path_;
  return read_configuration(std::move(given), path, environ);
}

} // namespace peerage
