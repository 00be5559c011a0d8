// SPDX-License-Identifier: MIT
#pragma once

#include "app/config_file.hpp"

#include <string>
#include <vector>

namespace peerage {

/// What the environment gives.
struct config_environment {
  given_options given;
  std::string config_path; ///< PEERAGE_CONFIG; empty: none.
  std::vector<config_mistake> mistakes;
};

/// The variable of an option: PEERAGE_MAX_INBOUND for max-inbound.
std::string variable_of(std::string_view option);

/// Reads the variables PEERAGE_…: one for each option, where commas separate the values
/// of an option that may be repeated. An empty variable counts as none. Variables that no
/// option has are mistakes, but for those of our own scripts and tests.
/// @param environment NAME=VALUE, as in `environ`; null at the end.
config_environment read_environment(const char* const* environment,
                                    const std::vector<option_spec>& options);

} // namespace peerage
