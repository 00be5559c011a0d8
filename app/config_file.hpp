// SPDX-License-Identifier: MIT
#pragma once

#include "app/given_options.hpp"
#include "app/option_spec.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace peerage {

/// What a configuration file gives, and everything that is wrong with it, by place.
struct config_file {
  given_options given;
  std::vector<config_mistake> mistakes;
};

/// Reads TOML 1.0: a key for each option, at the top or in a section [run], of the type
/// that its option has; an option that may be repeated takes an array, too. Keys that are
/// unknown or given twice, and values of a wrong type, are mistakes. Whether a value is
/// right is for its option to tell. `path` names the file in texts.
config_file read_config_text(std::string_view text, const std::string& path,
                             const std::vector<option_spec>& options);

/// The same of a file; one that cannot be read, or is longer than 1 MiB, is a mistake.
config_file read_config_file(const std::string& path,
                             const std::vector<option_spec>& options);

} // namespace peerage
