// SPDX-License-Identifier: MIT
#include "app/commands/command.hpp"
#include "app/option_values.hpp"
#include "app/run.hpp"
#include "app/run_arguments.hpp"
#include "app/stop_watch.hpp"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>
#include <variant>

namespace peerage {

namespace {

/// What the sources say now; for a signal that asks to read them again.
std::variant<run_options, early_exit> read_again(const run_arguments& arguments,
                                                 const std::string& path) {
  if (std::error_code failure; !path.empty() && !std::filesystem::is_regular_file(
                                                  path, failure)) // it may have no end
    return early_exit{usage_status,
                      named("config", path) + ": is no file that can be read again"};
  auto found = arguments.read();
  if (!found.mistakes.empty())
    return early_exit{usage_status, found.mistakes.front().text};
  return std::move(found.options);
}

} // namespace

command run_command(CLI::App& program) {
  auto line = program.add_subcommand("run", "Find, accept and keep peers");
  line->group(command_group::node);
  line->footer(run_footer);
  auto arguments = std::make_shared<const run_arguments>(*line);
  return {line, [arguments] {
            exit_on_stop_signals(); // its file may be a pipe, or on a disk that hangs
            auto found = arguments->read();
            if (!found.mistakes.empty())
              throw exit_for_mistakes(found.mistakes, "peerage run");
            found.options.read_again = [arguments, path = found.config_path] {
              return read_again(*arguments, path);
            };
            return run_node(found.options);
          }};
}

} // namespace peerage
