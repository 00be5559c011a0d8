// SPDX-License-Identifier: MIT
#include "app/commands/node_command.hpp"
#include "app/human_text.hpp"

#include <vector>

namespace peerage {

namespace {

constexpr auto whynot_footer = R"(
Tells what would stop the node from dialing an address by itself, and from
accepting a connection from it, at this moment. A person's own dial (peerage
connect) passes most of it.
)";

constexpr auto whynot_examples = R"(

Examples
  peerage whynot 192.0.2.1:8333
)";

struct whynot_arguments : node_command_arguments {
  using node_command_arguments::node_command_arguments;
  std::string address;
};

void append_obstacles(std::vector<std::string>& to, const std::string& what,
                      const rpc_json& found) {
  const auto list = found.value("obstacles", rpc_json::array());
  to.push_back(what + (list.empty() ? "nothing stands in the way" : ""));
  for (const auto& x : list) {
    auto line = "  " + printable(x.value("kind", ""));
    line.resize(std::max<std::size_t>(line.size() + 2, 22), ' ');
    line += printable(x.value("detail", ""));
    if (const auto until = x.value("until", 0.0); until > 0)
      line += ", until " + time_text(until) + " UTC";
    to.push_back(std::move(line));
  }
}

int show_obstacles(const whynot_arguments& from) {
  node_client node{from.node.read()};
  const auto found = node.call("whynot", rpc_json::array({from.address}));
  if (from.json)
    return print_json(found);
  std::vector<std::string> lines;
  if (const auto address = found.value("address", ""); address != from.address)
    lines.push_back("address " + printable(address)); // that of the name
  append_obstacles(lines, "dial    ", found.value("dial", rpc_json::object()));
  append_obstacles(lines, "accept  ", found.value("accept", rpc_json::object()));
  return print_lines(lines);
}

} // namespace

command whynot_command(CLI::App& program) {
  auto line = program.add_subcommand("whynot", "What stops a connection with an address");
  line->group(command_group::look);
  line->footer(std::string(whynot_footer) + node_exit_help + whynot_examples);
  auto from = std::make_shared<whynot_arguments>(*line, node_arguments::needs::cookie);
  line
    ->add_option("ADDRESS", from->address,
                 "ADDR:PORT or HOST:PORT; without a port that of the\nnetwork")
    ->required();
  add_json_flag(*from, "The result of the call whynot");
  return {line, [from] { return show_obstacles(*from); }};
}

} // namespace peerage
