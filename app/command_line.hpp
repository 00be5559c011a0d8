// SPDX-License-Identifier: MIT
#pragma once

#include "app/config.hpp"
#include "app/status_command.hpp"

#include <variant>

namespace peerage {

/// The result of the command line: options of a command, or an early exit.
using told = std::variant<early_exit, run_options, status_command_options>;

/// Reads the command line. Every mistake in it is an `early_exit` that names the option
/// and the value. The only place that looks at arguments.
told parse_command_line(int argc, char** argv);

} // namespace peerage
