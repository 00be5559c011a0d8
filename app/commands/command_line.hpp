// SPDX-License-Identifier: MIT
#pragma once

namespace peerage {

/// Does what the command line says, and returns the exit status. Every mistake in it is a
/// line on stderr that names the argument, and status 2. The only place that looks at
/// arguments.
int run_command_line(int argc, char** argv);

} // namespace peerage
