// SPDX-License-Identifier: MIT
#include "app/commands/node_command.hpp"
#include "app/human_text.hpp"
#include "app/text_table.hpp"

#include <chrono>

namespace peerage {

namespace {

constexpr auto bans_footer = R"(
A row for each ban in force: its address or range, when it began and ends (UTC),
the time that is left, and why: a kind of misbehaviour, or manual.
)";

int show_bans(const node_command_arguments& from) {
  const node_client node{from.node.read()};
  const auto list = node.get_json("/bans");
  if (!list.is_array())
    throw not_a_node(node.at());
  if (from.json)
    return print_json(list);
  if (list.empty())
    return print("no bans\n");
  const auto now =
    std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
      .count();
  text_table table{{{"address", alignment::left, 5},
                    {"since", alignment::left, 1},
                    {"until", alignment::left, 3},
                    {"left", alignment::right, 4},
                    {"reason", alignment::left, 2}}};
  for (const auto& x : list) {
    const auto until = x.value("until", 0.0);
    table.add_row({printable(x.value("range", "")), time_text(x.value("created", 0.0)),
                   time_text(until), duration_text(until - now),
                   printable(x.value("reason", ""))});
  }
  return print_lines(table.lines(output_width()));
}

} // namespace

command bans_command(CLI::App& program) {
  auto line = program.add_subcommand("bans", "The bans in force");
  line->group(command_group::look);
  line->footer(std::string(bans_footer) + node_exit_help);
  auto from =
    std::make_shared<node_command_arguments>(*line, node_arguments::needs::nothing);
  add_json_flag(*from, "The node's own document, as GET /bans has it");
  return {line, [from] { return show_bans(*from); }};
}

} // namespace peerage
