// SPDX-License-Identifier: MIT
#include "app/commands/command.hpp"
#include "app/commands/node_arguments.hpp"
#include "app/commands/peer_selection_arguments.hpp"
#include "app/commands/print.hpp"
#include "app/status_report.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <memory>
#include <string>

namespace peerage {

namespace {

constexpr auto peers_footer = R"(
A row for each peer, after its handshake:)";

constexpr auto peers_examples = R"(

Examples
  The table of peerage status alone:
    peerage peers
  Who has been here for the longest, among those that dialed us:
    peerage peers --filter dir=in --sort age --reverse
  The ids of all peers with some agent, for a program:
    peerage peers --filter version=Satoshi:27 --json | jq '.[].id'
)";

struct peers_arguments {
  explicit peers_arguments(CLI::App& command)
      : node(command, node_arguments::needs::nothing), selection(command) {}

  node_arguments node;
  peer_selection_arguments selection;
  bool json = false;
};

/// The list, without what is no peer.
nlohmann::json peer_list(const node_client& node) {
  const auto found = nlohmann::json::parse(node.get("/peers"), nullptr, false);
  if (!found.is_array())
    throw not_a_node(node.at());
  auto result = nlohmann::json::array();
  for (const auto& peer : found)
    if (peer.is_object())
      result.push_back(peer);
  return result;
}

int show_peers(const peers_arguments& from) {
  const auto selection = from.selection.read();
  const node_client node{from.node.read()};
  const auto list = peer_list(node);
  const auto peers = read_peers(list);
  const auto now =
    std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
      .count();
  const auto places = select_peers(peers, selection, now);
  if (from.json) {
    auto result = nlohmann::json::array();
    for (auto i : places)
      result.push_back(list[i]);
    return print(result.dump() + "\n");
  }
  if (places.empty())
    return print(peers.empty() ? "no peers\n" : "no peer matches the filter\n");
  return print_lines(peer_table_lines(peers, places, now, output_width()));
}

} // namespace

command peers_command(CLI::App& program) {
  auto line = program.add_subcommand("peers", "The peers, as a table");
  line->group(command_group::look);
  line->footer(std::string(peers_footer) + peer_table_help + "\n" + node_exit_help +
               peers_examples);
  auto from = std::make_shared<peers_arguments>(*line);
  line->add_flag("--json", from->json,
                 "The selected entries of the node's own document, GET /peers");
  return {line, [from] { return show_peers(*from); }};
}

} // namespace peerage
