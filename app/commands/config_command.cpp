// SPDX-License-Identifier: MIT
#include "app/commands/command.hpp"
#include "app/commands/print.hpp"
#include "app/config_report.hpp"
#include "app/run_arguments.hpp"
#include "app/standard_streams.hpp"

#include <CLI/CLI.hpp>

#include <memory>
#include <string>

namespace peerage {

namespace {

constexpr auto config_footer = R"(
Examples
  What would be in force, and why:
    peerage config show --config node.toml --max-inbound 30
  A file to start from:
    peerage config show --network signet > node.toml
  All mistakes in a file, one a line:
    peerage config check node.toml
)";

constexpr auto show_footer = R"(
Takes the options of peerage run, reads the file and the environment as it does, and
prints a TOML file with every option and, behind it, the place that its value comes from:
default, FILE:LINE, the name of an environment variable, or the command line. Exit 2 if
peerage run would refuse them.
)";

constexpr auto check_footer = R"(
Reads the file alone, without the environment. Mistakes go to stderr, one a line, as
FILE:LINE:COLUMN: what is wrong. Exit 2 if there are any.
)";

int show(const run_arguments& arguments) {
  const auto found = arguments.read();
  if (!found.mistakes.empty())
    throw exit_for_mistakes(found.mistakes, "peerage config show");
  for (const auto& warning : found.options.warnings)
    say_at_last("peerage: " + warning + "\n", std::chrono::seconds{1});
  return print(config_report(found));
}

int check(const std::string& path) {
  const auto found = read_configuration({}, path, nullptr);
  for (const auto& mistake : found.mistakes)
    say_at_last("peerage: " + mistake.text + "\n", std::chrono::seconds{1});
  if (!found.mistakes.empty())
    return usage_status;
  for (const auto& warning : found.options.warnings)
    say_at_last("peerage: " + warning + "\n", std::chrono::seconds{1});
  const auto count = found.given.size();
  return print(path + ": no mistakes, " + std::to_string(count) +
               (count == 1 ? " option\n" : " options\n"));
}

} // namespace

command config_command(CLI::App& program) {
  auto line =
    program.add_subcommand("config", "Show the options in force, or check a file");
  line->group(command_group::node);
  line->footer(config_footer);
  line->require_subcommand(0, 1); // a missing one is told below, in a better way
  line->get_formatter()->label("SUBCOMMAND", "COMMAND");

  auto show_line =
    line->add_subcommand("show", "The options in force, and their sources");
  show_line->group("Commands");
  show_line->footer(show_footer);
  auto arguments = std::make_shared<const run_arguments>(*show_line);

  auto check_line = line->add_subcommand("check", "All mistakes in a file");
  check_line->group("Commands");
  check_line->footer(check_footer);
  auto path = std::make_shared<std::string>();
  check_line->add_option("FILE", *path, "A TOML file for --config")->required();

  return {line, [show_line, check_line, arguments, path] {
            if (show_line->parsed())
              return show(*arguments);
            if (check_line->parsed())
              return check(*path);
            throw usage_mistake("a command is needed: show or check", "peerage config");
          }};
}

} // namespace peerage
