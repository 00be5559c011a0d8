// SPDX-License-Identifier: MIT
#pragma once

#include "app/config.hpp"
#include "app/given_options.hpp"

#include <optional>
#include <string>
#include <vector>

namespace peerage {

/// The options in force, and where they come from.
struct configuration {
  run_options options; ///< Only to be used without mistakes.
  given_options given; ///< Those that were given, each from the source that counts.
  std::vector<config_mistake> mistakes; ///< By place; empty: everything is right.
  std::string config_path;              ///< The file that was read; empty: none.
};

/// Puts together the defaults, the file, the environment and the command line: of those
/// that give an option, the last one counts.
/// @param arguments   What the command line gives.
/// @param config_path The file of --config; empty: that of PEERAGE_CONFIG, if it is set.
/// @param environment NAME=VALUE, as in `environ`; null: none.
configuration read_configuration(given_options arguments,
                                 const std::optional<std::string>& config_path,
                                 const char* const* environment);

/// The same without the checks that concern several options, and without what depends on
/// others or on the system: for those who only look for a node.
configuration read_sources(given_options arguments,
                           const std::optional<std::string>& config_path,
                           const char* const* environment);

/// The exit for mistakes: one line with the first of them. `command` is the one whose
/// --help is named. Requires that there is a mistake.
early_exit exit_for_mistakes(const std::vector<config_mistake>& mistakes,
                             const std::string& command);

} // namespace peerage
