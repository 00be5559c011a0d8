// SPDX-License-Identifier: MIT
#pragma once

#include "app/configuration.hpp"

#include <map>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace peerage {

/// The options of `peerage run`, as arguments of a command.
class run_arguments {
public:
  /// Adds them to `command`, which writes into this object when it parses.
  explicit run_arguments(CLI::App& command);
  run_arguments(const run_arguments&) = delete;
  run_arguments& operator=(const run_arguments&) = delete;

  /// What they say together with the file, the environment and the defaults. To be called
  /// after the command line has been parsed.
  configuration read() const;

private:
  CLI::App* command_;
  std::map<std::string, std::vector<std::string>> from_arguments_; ///< By name.
  std::string config_path_;
};

} // namespace peerage
