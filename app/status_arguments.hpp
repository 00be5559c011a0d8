// SPDX-License-Identifier: MIT
#pragma once

#include "app/option_values.hpp"
#include "app/status_command.hpp"

#include <string>
#include <variant>

namespace CLI {
class App;
}

namespace peerage {

/// The command line of `peerage status`.
class status_arguments {
public:
  /// Adds the command to `app`, which writes into this object when it parses.
  explicit status_arguments(CLI::App& app);
  status_arguments(const status_arguments&) = delete;
  status_arguments& operator=(const status_arguments&) = delete;

  /// Whether this is the command that was given; also if its options are wrong.
  bool given() const;

  /// The options. To be called after `app` has parsed.
  std::variant<status_command_options, early_exit> read() const;

private:
  const CLI::App* command_ = nullptr;
  std::string status_;
  std::string interval_;
  bool watch_ = false;
};

} // namespace peerage
