// SPDX-License-Identifier: MIT
#include "app/commands/command.hpp"
#include "app/commands/print.hpp"
#include "app/config_report.hpp"
#include "app/manual_page.hpp"
#include "app/option_values.hpp"
#include "app/shell_completion.hpp"

#include <CLI/CLI.hpp>

#include <array>
#include <memory>
#include <string>

namespace peerage {

namespace {

constexpr auto generate_footer = R"(
WHAT is one of
  manual   the manual page, for man
  bash     completion for bash: source it, or put it into bash-completion's folder
  zsh      completion for zsh: name it _peerage, in a folder of $fpath
  config   a file for --config, with every option, explained, all of them commented out

Examples
  source <(peerage generate bash)
  peerage generate manual | man -l -
  peerage generate config > node.toml
)";

} // namespace

command generate_command(CLI::App& program) {
  auto line =
    program.add_subcommand("generate", "A manual page, completion, a file to start from");
  line->group(command_group::node);
  line->footer(generate_footer);
  auto what = std::make_shared<std::string>();
  line->add_option("WHAT", *what, "manual, bash, zsh or config")->required();
  return {line, [&program, what] {
            if (*what == "manual")
              return print(manual_page(program));
            if (*what == "bash")
              return print(bash_completion(program));
            if (*what == "zsh")
              return print(zsh_completion(program));
            if (*what == "config")
              return print(config_example());
            throw usage_mistake("\"" + *what + "\" is none of manual, bash, zsh, config",
                                "peerage generate");
          }};
}

} // namespace peerage
