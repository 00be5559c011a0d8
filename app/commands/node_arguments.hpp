// SPDX-License-Identifier: MIT
#pragma once

#include "app/node_client.hpp"

#include <string>

namespace CLI {
class App;
}

namespace peerage {

/// The options that tell where a running node is: common to all commands that talk with
/// one. They may stand in the file and the environment of the node, too.
class node_arguments {
public:
  enum class needs : bool { nothing, cookie };

  /// Adds them to `command`, which writes into this object when it parses; those that are
  /// about the cookie only for commands that need it.
  node_arguments(CLI::App& command, needs what);
  node_arguments(const node_arguments&) = delete;
  node_arguments& operator=(const node_arguments&) = delete;

  /// Throws `early_exit` for a mistake. To be called after the command line has been
  /// parsed.
  node_place read() const;

private:
  CLI::App* command_;
  std::string status_;
  std::string data_dir_;
  std::string network_;
  std::string config_path_;
  std::string cookie_;
};

/// What the exit statuses mean: for the end of a command's help.
extern const char* const node_exit_help;

} // namespace peerage
