// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace peerage {

/// One command of the program, as a part of its command line.
struct command {
  /// Its arguments; tells whether it was given.
  const CLI::App* line = nullptr;
  /// Does it once its arguments have been parsed, and returns the exit status. Throws
  /// `early_exit` for a mistake in them.
  std::function<int()> run;
};

/// The groups in which `peerage --help` lists the commands.
namespace command_group {
inline constexpr auto node = "The node";
inline constexpr auto look = "Look at a running node";
inline constexpr auto steer = "Steer a running node";
} // namespace command_group

/// "peerage config show".
std::string full_name(const CLI::App& x);

// Each of these adds one command to `program`; the file of the same name has it.
command ban_command(CLI::App& program);
command bans_command(CLI::App& program);
command call_command(CLI::App& program);
command config_command(CLI::App& program);
command connect_command(CLI::App& program);
command disconnect_command(CLI::App& program);
command events_command(CLI::App& program);
command generate_command(CLI::App& program);
command peers_command(CLI::App& program);
command run_command(CLI::App& program);
command status_command(CLI::App& program);
command stop_command(CLI::App& program);
command unban_command(CLI::App& program);
command waitfor_command(CLI::App& program);
command why_command(CLI::App& program);
command whynot_command(CLI::App& program);

} // namespace peerage
