// SPDX-License-Identifier: MIT
#include "app/commands/command.hpp"
#include "app/commands/node_arguments.hpp"
#include "app/commands/peer_selection_arguments.hpp"
#include "app/option_values.hpp"
#include "app/status_screen.hpp"

#include <CLI/CLI.hpp>

#include <memory>
#include <string>

namespace peerage {

namespace {

constexpr double longest_interval = 3600;

constexpr auto status_footer = R"(
After a summary, a table with a row for each peer:)";

constexpr auto status_examples = R"(

Exit 0: done; also when Ctrl-C ends --watch. 2: wrong usage. 3: no node can be
reached there; with --watch it is tried again instead.

Examples
  One look at a node that was started with --status 127.0.0.1:8645:
    peerage status
  Follow one with a Unix socket, twice a second:
    peerage status --status unix:/tmp/peerage.sock --watch --interval 0.5
  The slowest outbound peers first:
    peerage status --filter dir=out --sort ping --reverse
  For programs:
    peerage status --json | jq .peers.ready
)";

struct status_arguments {
  explicit status_arguments(CLI::App& command)
      : line(&command), node(command, node_arguments::needs::nothing),
        selection(command) {}

  const CLI::App* line;
  node_arguments node;
  peer_selection_arguments selection;
  std::string interval;
  bool watch = false;
  bool json = false;
};

screen_options read(const status_arguments& from) {
  using namespace std::chrono;
  screen_options result;
  result.at = from.node.read().at;
  result.selection = from.selection.read();
  result.watch = from.watch;
  result.json = from.json;
  for (const auto* option : {"--sort", "--reverse", "--filter"})
    if (from.json && from.line->count(option) > 0)
      throw usage_mistake(std::string(option) +
                            ": not with --json, which shows the node alone; peerage "
                            "peers --json has the peers",
                          "peerage status");
  if (from.line->count("--interval") == 0)
    return result;
  auto mistake = [&](const std::string& why) {
    return usage_mistake(named("interval", from.interval) + ": " + why, "peerage status");
  };
  try {
    result.interval =
      duration_cast<milliseconds>(read_seconds(from.interval, longest_interval));
  } catch (const option_error& error) {
    throw mistake(error.why);
  }
  if (!from.watch)
    throw mistake("only with --watch");
  return result;
}

} // namespace

command status_command(CLI::App& program) {
  auto line =
    program.add_subcommand("status", "The node and its peers, as a table for people");
  line->group(command_group::look);
  line->footer(std::string(status_footer) + peer_table_help + status_examples);
  auto from = std::make_shared<status_arguments>(*line);
  line->add_flag("--watch", from->watch, "Show it again and again, until Ctrl-C");
  const auto interval = std::chrono::duration<double>(screen_options{}.interval).count();
  line
    ->add_option(
      "--interval", from->interval,
      "With --watch: the pause between two looks, fractions\nallowed (default " +
        number_text(interval) + ")")
    ->type_name("SECONDS")
    ->take_last();
  line->add_flag("--json", from->json, "The node's own document, as GET /status has it");
  return {line, [from] { return show_status(read(*from)); }};
}

} // namespace peerage
