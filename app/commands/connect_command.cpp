// SPDX-License-Identifier: MIT
#include "app/commands/node_command.hpp"
#include "app/human_text.hpp"

namespace peerage {

namespace {

constexpr double longest_wait = 3600; // seconds

constexpr auto connect_footer = R"(
The address is dialed once, now, regardless of pauses and limits. With --stay the
node keeps connected to it, also after its next start, until peerage disconnect
--forget. It returns when the dial begins, or with --wait when it has succeeded.
)";

constexpr auto connect_examples = R"(

Examples
  peerage connect 192.0.2.1:8333
  peerage connect '[2001:db8::1]:8333' --stay
  peerage connect node.example.com --stay
  peerage connect 127.0.0.1:18445 --wait 10 && peerage peers
)";

struct connect_arguments : node_command_arguments {
  using node_command_arguments::node_command_arguments;
  std::string address;
  std::string wait;
  bool stay = false;
};

int wait_for_peer(node_client& node, const std::string& named,
                  std::chrono::milliseconds limit) {
  // With the port, and with the address that a host name has for the node.
  const auto place =
    node.call("whynot", rpc_json::array({named}), limit + waiting_margin);
  const auto address = place.value("address", named);
  const auto seconds = std::chrono::duration<double>(limit).count();
  const auto reply = node.ask(
    "waitfor", {{"condition", {{"peer", {{"address", address}}}}}, {"timeout", seconds}},
    limit + waiting_margin);
  if (!reply.failed) {
    const auto peer = reply.result.value("found", rpc_json::object());
    return print("connected: peer " + std::to_string(peer.value("id", std::uint64_t{0})) +
                 ", " + printable(peer.value("user_agent", "")) + "\n");
  }
  if (reply.code != not_true_in_time && reply.code != no_dial_left)
    throw exit_for("waitfor", reply);
  const auto why = reply.code == no_dial_left ? ": " + printable(reply.message)
                                              : " within " + number_text(seconds) + " s";
  throw early_exit{node_exit::answered_with_error, "peerage: no connection to " +
                                                     address + why + "; peerage why " +
                                                     address + " tells what happened"};
}

int connect_to(const connect_arguments& from) {
  std::chrono::milliseconds limit{};
  if (from.line->count("--wait") > 0)
    try {
      limit = std::chrono::duration_cast<std::chrono::milliseconds>(
        read_seconds(from.wait, longest_wait));
    } catch (const option_error& error) {
      throw from.mistake(named("wait", from.wait) + ": " + error.why);
    }
  node_client node{from.node.read()};
  node.call("addnode", rpc_json::array({from.address, from.stay ? "add" : "onetry"}));
  if (limit.count() > 0)
    return wait_for_peer(node, from.address, limit);
  return print(from.address + (from.stay ? " is added: the node stays connected to it\n"
                                         : " is being dialed\n"));
}

} // namespace

command connect_command(CLI::App& program) {
  auto line = program.add_subcommand("connect", "Dial a peer, once or for good");
  line->group(command_group::steer);
  line->footer(std::string(connect_footer) + node_exit_help + connect_examples);
  auto from = std::make_shared<connect_arguments>(*line, node_arguments::needs::cookie);
  line
    ->add_option("ADDRESS", from->address,
                 "ADDR:PORT or HOST:PORT; without a port that of the\nnetwork")
    ->required();
  line->add_flag("--stay", from->stay, "Stay connected to it, also after the next start");
  line
    ->add_option("--wait", from->wait,
                 "Return when it is connected, or fail after this time")
    ->type_name("SECONDS")
    ->take_last();
  return {line, [from] { return connect_to(*from); }};
}

} // namespace peerage
