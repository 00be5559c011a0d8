// SPDX-License-Identifier: MIT
#pragma once

#include "app/commands/command.hpp"
#include "app/commands/node_arguments.hpp"
#include "app/commands/print.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
#include <string>

namespace peerage {

/// The arguments that most commands for a running node have in common. Each of these
/// commands adds its own to a struct that is derived from this one.
struct node_command_arguments {
  node_command_arguments(CLI::App& command, node_arguments::needs what)
      : line(&command), node(command, what) {}

  /// The exit for a mistake in the arguments of this command.
  early_exit mistake(const std::string& why) const {
    return usage_mistake(why, full_name(*line));
  }

  CLI::App* line;
  node_arguments node;
  bool json = false;
};

/// Adds --json: `text` tells what it prints.
inline void add_json_flag(node_command_arguments& to, const std::string& text) {
  to.line->add_flag("--json", to.json, text);
}

/// JSON as programs read it: one line.
inline int print_json(const rpc_json& x) {
  return print(write_rpc_json(x) + "\n");
}

} // namespace peerage
