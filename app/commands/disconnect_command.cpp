// SPDX-License-Identifier: MIT
#include "app/commands/node_command.hpp"

namespace peerage {

namespace {

constexpr auto disconnect_footer = R"(
A peer that was added (peerage connect --stay, --add-peer, --connect) is dialed
again soon; --forget ends that for those that peerage connect --stay added.
)";

constexpr auto disconnect_examples = R"(

Examples
  peerage disconnect 7
  peerage disconnect 192.0.2.1:8333
  peerage disconnect 192.0.2.1:8333 --forget
)";

struct disconnect_arguments : node_command_arguments {
  using node_command_arguments::node_command_arguments;
  std::string peer;
  bool forget = false;
};

/// Whether the peer is named by its id.
bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

int disconnect_peer_named(const disconnect_arguments& from) {
  if (from.forget && is_number(from.peer))
    throw from.mistake("--forget: needs the ADDRESS that was added, not an id");
  node_client node{from.node.read()};
  if (from.forget)
    node.call("addnode", rpc_json::array({from.peer, "remove"}));
  rpc_json whom = rpc_json::object();
  if (is_number(from.peer))
    whom["nodeid"] = rpc_json::parse(from.peer);
  else
    whom["address"] = from.peer;
  const auto reply = node.ask("disconnectnode", whom);
  constexpr int not_connected = -29; // of Bitcoin Core
  if (from.forget && reply.failed && reply.code == not_connected)
    return print(from.peer + " is forgotten; it was not connected\n");
  if (reply.failed)
    throw exit_for("disconnectnode", reply);
  return print((is_number(from.peer) ? "peer " : "") + from.peer + " is disconnected" +
               (from.forget ? " and forgotten\n" : "\n"));
}

} // namespace

command disconnect_command(CLI::App& program) {
  auto line = program.add_subcommand("disconnect", "End a peer");
  line->group(command_group::steer);
  line->footer(std::string(disconnect_footer) + node_exit_help + disconnect_examples);
  auto from =
    std::make_shared<disconnect_arguments>(*line, node_arguments::needs::cookie);
  line
    ->add_option("PEER", from->peer,
                 "Its id, as in peerage peers, its ADDR:PORT or HOST:PORT")
    ->required();
  line->add_flag("--forget", from->forget, "Do not dial it again");
  return {line, [from] { return disconnect_peer_named(*from); }};
}

} // namespace peerage
