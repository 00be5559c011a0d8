// SPDX-License-Identifier: MIT
#include "app/commands/node_command.hpp"

namespace peerage {

namespace {

constexpr auto unban_footer = R"(
ADDRESS is the one that was banned, as peerage bans shows it: a range is lifted as
a whole. Peers from there may come again at once.
)";

constexpr auto unban_examples = R"(

Examples
  peerage unban 192.0.2.1
  peerage unban 192.0.2.0/24
  peerage unban --all
)";

struct unban_arguments : node_command_arguments {
  using node_command_arguments::node_command_arguments;
  std::string range;
  bool all = false;
};

int unban_address(const unban_arguments& from) {
  if (from.all != from.range.empty())
    throw from.mistake(from.all ? "either ADDRESS or --all"
                                : "an ADDRESS is needed, or --all");
  node_client node{from.node.read()};
  if (!from.all) {
    node.call("setban", rpc_json::array({from.range, "remove"}));
    return print(from.range + " is no longer banned\n");
  }
  const auto count = node.call("listbanned", rpc_json::array()).size();
  node.call("clearbanned", rpc_json::array());
  return print(std::to_string(count) + (count == 1 ? " ban is" : " bans are") +
               " lifted\n");
}

} // namespace

command unban_command(CLI::App& program) {
  auto line = program.add_subcommand("unban", "Lift a ban, or all");
  line->group(command_group::steer);
  line->footer(std::string(unban_footer) + node_exit_help + unban_examples);
  auto from = std::make_shared<unban_arguments>(*line, node_arguments::needs::cookie);
  line->add_option("ADDRESS", from->range, "An IP address or a range that is banned");
  line->add_flag("--all", from->all, "Lift every ban");
  return {line, [from] { return unban_address(*from); }};
}

} // namespace peerage
