// SPDX-License-Identifier: MIT
#pragma once

#include "app/peer_table.hpp"

#include <string>

namespace CLI {
class App;
}

namespace peerage {

/// The options that tell which peers a table shows, and in which order.
class peer_selection_arguments {
public:
  /// Adds them to `command`, which writes into this object when it parses.
  explicit peer_selection_arguments(CLI::App& command);
  peer_selection_arguments(const peer_selection_arguments&) = delete;
  peer_selection_arguments& operator=(const peer_selection_arguments&) = delete;

  /// Throws `early_exit` for a mistake. To be called after the command line has been
  /// parsed.
  peer_selection read() const;

private:
  CLI::App* command_;
  peer_selection given_;
};

/// The columns of the table: for the help.
extern const char* const peer_table_help;

} // namespace peerage
