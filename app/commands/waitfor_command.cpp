// SPDX-License-Identifier: MIT
#include "app/call_arguments.hpp"
#include "app/commands/node_command.hpp"
#include "app/human_text.hpp"
#include "app/json_text.hpp"

#include <vector>

namespace peerage {

namespace {

constexpr double longest_wait_for = 3600; // seconds

constexpr auto waitfor_footer = R"(
CONDITION is one of these, with what it is about behind it:
  peers_ready N                      at least so many peers are ready
  peer KEY=VALUE...                  such a peer is ready (id, address, user_agent), or
                                     only connected (state=connected)
  peer_gone KEY=VALUE...             no such peer is here any more (also: reason)
  event type=TYPE KEY=VALUE...       such an event came (since, peer, address, reason)
  address_known ADDR:PORT            the address book has it
  banned ADDRESS                     the address, or the range, is banned
A condition that is true already is met at once. The node waits, and nothing polls.
)";

constexpr auto waitfor_examples = R"(

Exit 1 also: it did not become true in time.

Examples
  peerage waitfor peers_ready 3
  peerage waitfor peer address=127.0.0.1:18445 --timeout 10
  peerage waitfor peer_gone id=7 && echo "7 is gone"
  peerage waitfor event type=ban_added since=120
)";

struct waitfor_arguments : node_command_arguments {
  using node_command_arguments::node_command_arguments;
  std::vector<std::string> words;
  std::string timeout = "30";
};

/// {"peers_ready": 3} of "peers_ready 3"; {"peer": {"id": 7}} of "peer id=7".
rpc_json condition_of(const waitfor_arguments& from) {
  const auto& name = from.words.front();
  const std::vector<std::string> rest{from.words.begin() + 1, from.words.end()};
  try {
    if (rest.empty()) { // as for the call itself
      auto whole = call_argument(name);
      if (!whole.is_object())
        throw option_error{name + " needs what it is about behind it"};
      return whole;
    }
    auto about = call_parameters(rest);
    if (about.is_object() && about.contains("args"))
      throw option_error{"either a value or KEY=VALUE"};
    if (about.is_array() && about.size() != 1)
      throw option_error{"one value only"};
    auto result = rpc_json::object();
    result[name] = about.is_array() ? about.front() : about;
    return result;
  } catch (const option_error& error) {
    throw from.mistake("CONDITION " + name + ": " + error.why);
  }
}

int wait_for_condition(const waitfor_arguments& from) {
  const auto condition = condition_of(from);
  std::chrono::milliseconds limit{};
  try {
    limit = std::chrono::duration_cast<std::chrono::milliseconds>(
      read_seconds(from.timeout, longest_wait_for));
  } catch (const option_error& error) {
    throw from.mistake(named("timeout", from.timeout) + ": " + error.why);
  }
  node_client node{from.node.read()};
  const auto seconds = std::chrono::duration<double>(limit).count();
  const auto reply =
    node.ask("waitfor", rpc_json::array({condition, seconds}), limit + waiting_margin);
  if (from.json) {
    const auto status = print(reply.text);
    return status == 0 && reply.failed ? node_exit::answered_with_error : status;
  }
  if (reply.failed && reply.code == not_true_in_time)
    throw early_exit{
      node_exit::answered_with_error,
      "peerage: not true within " + number_text(seconds) + " s; it is now " +
        printable(write_rpc_json(reply.data.value("progress", rpc_json::object())))};
  if (reply.failed)
    throw exit_for("waitfor", reply);
  return print("true after " + latency_text(reply.result.value("waited", 0.0)) + ": " +
               printable_lines(write_rpc_json(reply.result.value("found", rpc_json()))) +
               "\n");
}

} // namespace

command waitfor_command(CLI::App& program) {
  auto line = program.add_subcommand("waitfor", "Wait until something is true");
  line->group(command_group::look);
  line->footer(std::string(waitfor_footer) + node_exit_help + waitfor_examples);
  auto from = std::make_shared<waitfor_arguments>(*line, node_arguments::needs::cookie);
  line->add_option("CONDITION", from->words, "What should be true, in one or more words")
    ->required();
  line->add_option("--timeout", from->timeout, "How long to wait (default 30)")
    ->type_name("SECONDS")
    ->take_last();
  add_json_flag(*from, "The whole reply, as the node sent it");
  return {line, [from] { return wait_for_condition(*from); }};
}

} // namespace peerage
