// SPDX-License-Identifier: MIT
#include "app/call_arguments.hpp"
#include "app/commands/command.hpp"
#include "app/commands/node_arguments.hpp"
#include "app/commands/print.hpp"
#include "app/human_text.hpp"
#include "app/json_text.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace peerage {

namespace {

constexpr double longest_call = 86'400; // seconds

constexpr auto call_footer = R"(
METHOD is one of Bitcoin Core's about peers (getpeerinfo, setban, addnode ...),
or one of our own (why, whynot, waitfor, request): peerage call help lists
them, and peerage call help METHOD explains one.

An argument that reads as JSON (5, true, null, [1,2], {"a":1}) is that, and
everything else is text; '"5"', with both quotes in a shell, is the text 5. KEY=VALUE
names a parameter; those without a name come first.

A text is printed as it is, everything else as JSON with a line for each value,
and null not at all. With --json the node's whole reply is one line, also if it
is an error; the exit status then tells. Errors go to stderr, with their code.)";

constexpr auto call_examples = R"(

Examples
  peerage call getpeerinfo
  peerage call setban 192.0.2.0/24 add 3600
  peerage call setban subnet=192.0.2.1 command=remove
  peerage call waitfor '{"peers_ready":3}' timeout=10
  peerage call request peer=any type=get_headers 'locator=["0f91..."]'
  peerage call --status unix:/run/node.sock --cookie /run/node/.cookie uptime
)";

struct call_arguments {
  explicit call_arguments(CLI::App& command)
      : line(&command), node(command, node_arguments::needs::cookie) {}

  const CLI::App* line;
  node_arguments node;
  std::string timeout = "900";
  bool json = false;
};

/// The result as people read it.
std::string result_text(const rpc_reply& reply) {
  if (reply.result.is_null())
    return {};
  if (reply.result.is_string())
    return printable_lines(reply.result.get_ref<const std::string&>()) + "\n";
  return pretty_json(member_text(reply.text, "result")) + "\n";
}

/// Words behind the options, negative numbers included.
std::vector<std::string> words_of(const CLI::App& line) {
  auto result = line.remaining();
  auto option = std::ranges::find_if(
    result, [](const std::string& word) { return word.starts_with("--"); });
  if (option != result.end())
    throw usage_mistake("there is no option " + *option +
                          "; as an argument it needs quotes: '\"" + *option + "\"'",
                        full_name(line));
  return result;
}

int call_node(const call_arguments& from) {
  auto words = words_of(*from.line);
  if (words.empty())
    throw usage_mistake("a METHOD is needed, like getpeerinfo", full_name(*from.line));
  const auto method = words.front();
  words.erase(words.begin());
  rpc_json parameters;
  std::chrono::milliseconds limit{};
  try {
    parameters = call_parameters(words);
  } catch (const option_error& error) {
    throw usage_mistake(error.why, full_name(*from.line));
  }
  try {
    limit = std::chrono::duration_cast<std::chrono::milliseconds>(
      read_seconds(from.timeout, longest_call));
  } catch (const option_error& error) {
    throw usage_mistake(named("timeout", from.timeout) + ": " + error.why,
                        full_name(*from.line));
  }
  node_client node{from.node.read()};
  const auto reply = node.ask(method, parameters, limit);
  if (from.json) {
    const auto status = print(reply.text);
    return status == 0 && reply.failed ? node_exit::answered_with_error : status;
  }
  if (reply.failed)
    throw exit_for(method, reply);
  return print(result_text(reply));
}

} // namespace

command call_command(CLI::App& program) {
  auto line = program.add_subcommand("call", "Any JSON-RPC method, for all the rest");
  line->group(command_group::steer);
  line->allow_extras();
  line->footer(std::string(call_footer) + "\n" + node_exit_help + call_examples);
  auto from = std::make_shared<call_arguments>(*line);
  line->add_flag("--json", from->json, "The whole reply, as the node sent it");
  line
    ->add_option("--timeout", from->timeout,
                 "How long the node may take to answer (default 900)")
    ->type_name("SECONDS")
    ->take_last();
  return {line, [from] { return call_node(*from); }};
}

} // namespace peerage
