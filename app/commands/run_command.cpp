// SPDX-License-Identifier: MIT
#include "app/commands/command.hpp"
#include "app/run.hpp"
#include "app/run_arguments.hpp"
#include "app/stop_watch.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace peerage {

command run_command(CLI::App& program) {
  auto line = program.add_subcommand("run", "Find, accept and keep peers");
  line->group(command_group::node);
  line->footer(run_footer);
  auto arguments = std::make_shared<const run_arguments>(*line);
  return {line, [arguments] {
            exit_on_stop_signals(); // its file may be a pipe, or on a disk that hangs
            const auto found = arguments->read();
            if (!found.mistakes.empty())
              throw exit_for_mistakes(found.mistakes, "peerage run");
            return run_node(found.options);
          }};
}

} // namespace peerage
