// SPDX-License-Identifier: MIT
#include "app/command_line.hpp"

#include "app/status_arguments.hpp"
#include "app/stop_watch.hpp"
#include "messages/version.hpp"

#include <CLI/CLI.hpp>

#include <memory>
#include <sstream>
#include <string>

namespace peerage {

namespace {

/// CLI11's formatter, without the dots that it puts behind options which take lists.
class help_formatter : public CLI::Formatter {
public:
  help_formatter() { column_width(34); }

  std::string make_option_opts(const CLI::Option* option) const override {
    auto value = option->get_type_name();
    return value.empty() ? "" : " " + value;
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

/// Options or an early exit, as an alternative of `told`.
template <class Options>
told as_told(std::variant<Options, early_exit> x) {
  return std::visit([](auto& y) { return told(std::move(y)); }, x);
}

} // namespace

told parse_command_line(int argc, char** argv) {
  CLI::App app{"Peer manager for Bitcoin-protocol networks", "peerage"};
  app.set_version_flag("--version", "peerage " + std::string(program_version()),
                       "Print the version and exit");
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.formatter(std::make_shared<help_formatter>());
  app.get_formatter()->label("SUBCOMMAND", "COMMAND");
  app.require_subcommand(0, 1); // a missing one is told below, in a better way
  app.footer(main_footer);
  run_arguments run{app};
  status_arguments status{app};

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& done) { // help or version
    std::ostringstream out;
    app.exit(done, out, out);
    return early_exit{0, without_double_blank_lines(out.str())};
  } catch (const CLI::ParseError& error) {
    return usage_mistake(error.what(), run.given()      ? "peerage run"
                                       : status.given() ? "peerage status"
                                                        : "peerage");
  }

  if (run.given()) {
    exit_on_stop_signals(); // its file may be a pipe, or on a disk that hangs
    return as_told(run.read());
  }
  if (status.given())
    return as_told(status.read());
  return usage_mistake("a command is needed: run or status", "peerage");
}

} // namespace peerage
