// SPDX-License-Identifier: MIT
#include "app/commands/command_line.hpp"

#include "app/commands/command.hpp"
#include "app/commands/print.hpp"
#include "app/nearest_name.hpp"
#include "app/option_values.hpp"
#include "messages/version.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace peerage {

namespace {

/// CLI11's formatter, without the dots that it puts behind options which take lists.
class help_formatter : public CLI::Formatter {
public:
  help_formatter() { column_width(34); }

  std::string make_option_opts(const CLI::Option* option) const override {
    if (option->get_positional())
      return ""; // its name says it
    auto value = option->get_type_name();
    return value.empty() ? "" : " " + value;
  }

  std::string make_usage(const CLI::App* line, std::string name) const override {
    auto result = CLI::Formatter::make_usage(line, std::move(name));
    if (line->get_allow_extras()) // peerage call alone
      result.insert(result.size() - 1, " METHOD [ARGUMENT|KEY=VALUE]...");
    return result;
  }
};

/// CLI11 leaves two empty lines between groups.
std::string without_double_blank_lines(std::string text) {
  for (auto at = text.find("\n\n\n"); at != text.npos; at = text.find("\n\n\n"))
    text.erase(at, 1);
  return text;
}

constexpr auto main_footer = R"(
peerage COMMAND --help explains every option of a command, with examples.)";

/// The command that was given, as far as it was understood.
const CLI::App& innermost(const CLI::App& program) {
  const auto* result = &program;
  for (auto inside = result->get_subcommands(); !inside.empty();
       inside = result->get_subcommands())
    result = inside.front();
  return *result;
}

/// What may stand where an argument was not understood.
std::string suggestion(const CLI::App& program, const CLI::App& where) {
  std::vector<std::string> names;
  for (const auto* option : where.get_options())
    if (!option->get_group().empty()) // not an old name
      for (const auto& name : option->get_lnames())
        names.push_back("--" + name);
  for (const auto* inside : where.get_subcommands({}))
    names.push_back(inside->get_name());
  const std::vector<std::string_view> views{names.begin(), names.end()};
  for (const auto& extra : program.remaining(true))
    if (auto result = did_you_mean(extra.substr(0, extra.find('=')), views);
        !result.empty())
      return result;
  return {};
}

early_exit exit_for(const CLI::ParseError& error, const CLI::App& program) {
  const auto& where = innermost(program);
  std::string text = error.what();
  if (dynamic_cast<const CLI::ExtrasError*>(&error))
    text += suggestion(program, where);
  return usage_mistake(text, full_name(where));
}

int run_given(const std::vector<command>& commands) {
  for (const auto& x : commands)
    if (x.line->parsed())
      return x.run();
  throw usage_mistake("a command is needed, like run or status", "peerage");
}

int parse_and_run(int argc, char** argv) {
  CLI::App program{"Peer manager for Bitcoin-protocol networks", "peerage"};
  program.set_version_flag("--version", "peerage " + std::string(program_version()),
                           "Print the version and exit");
  program.set_help_flag("-h,--help", "Print this help and exit");
  program.formatter(std::make_shared<help_formatter>());
  program.get_formatter()->label("SUBCOMMAND", "COMMAND");
  program.require_subcommand(0, 1); // a missing one is told below, in a better way
  program.footer(main_footer);
  const std::vector<command> commands{
    run_command(program),     config_command(program),  generate_command(program),
    status_command(program),  peers_command(program),   bans_command(program),
    events_command(program),  why_command(program),     whynot_command(program),
    waitfor_command(program), connect_command(program), disconnect_command(program),
    ban_command(program),     unban_command(program),   stop_command(program),
    call_command(program),
  };
  try {
    program.parse(argc, argv);
  } catch (const CLI::Success& done) { // help or version
    std::ostringstream out;
    program.exit(done, out, out);
    return print(without_double_blank_lines(out.str()));
  } catch (const CLI::ParseError& error) {
    throw exit_for(error, program);
  }
  return run_given(commands);
}

} // namespace

std::string full_name(const CLI::App& x) {
  const auto* outer = x.get_parent();
  return outer ? full_name(*outer) + " " + x.get_name() : x.get_name();
}

int run_command_line(int argc, char** argv) {
  try {
    return parse_and_run(argc, argv);
  } catch (const early_exit& end) {
    std::fprintf(stderr, "%s\n", end.text.c_str());
    return end.status;
  }
}

} // namespace peerage
