// SPDX-License-Identifier: MIT
#include "app/call_arguments.hpp"
#include "app/commands/node_command.hpp"
#include "app/event_text.hpp"
#include "app/human_text.hpp"

#include <vector>

namespace peerage {

namespace {

constexpr auto why_footer = R"(
Tells what is remembered of a peer, an address or a host: whether it is here,
what the address book knows, the points of misbehaviour, and every event with
its time (UTC), reason, cause, deadline and score; also when the peer is gone.
)";

constexpr auto why_examples = R"(

Examples
  peerage why 7
  peerage why 192.0.2.1:8333
  peerage why 192.0.2.0/24
)";

struct why_arguments : node_command_arguments {
  using node_command_arguments::node_command_arguments;
  std::string subject;
};

std::string peer_text(const rpc_json& x) {
  if (!x.is_object())
    return "peer       not here now";
  return "peer       " + std::to_string(x.value("id", std::uint64_t{0})) + " " +
         printable(x.value("address", "")) + ", " + printable(x.value("direction", "")) +
         ", " + printable(x.value("state", "")) + ", " +
         printable(x.value("user_agent", ""));
}

std::string date_in(const rpc_json& x, const char* key) {
  auto found = x.find(key);
  return found != x.end() && found->is_number() ? time_text(found->get<double>())
                                                : "never";
}

std::string address_text_of(const rpc_json& x) {
  if (!x.is_object())
    return "address    not in the address book";
  return "address    " + printable(x.value("state", "")) +
         (x.value("tried", false) ? ", tried" : ", new") + "; last attempt " +
         date_in(x, "last_attempt") + ", last success " + date_in(x, "last_success") +
         ", " + std::to_string(x.value("failures", std::uint64_t{0})) +
         " failures in a row";
}

int explain(const why_arguments& from) {
  node_client node{from.node.read()};
  const auto found = node.call("why", rpc_json::array({call_argument(from.subject)}));
  if (from.json)
    return print_json(found);
  std::vector<std::string> lines{peer_text(found.value("peer", rpc_json())),
                                 address_text_of(found.value("address", rpc_json()))};
  if (const auto score = found.value("score", rpc_json()); score.is_number())
    lines.push_back("score      " + number_text(score.get<double>()) +
                    " points of misbehaviour");
  const auto history = found.value("history", rpc_json::array());
  lines.emplace_back();
  if (history.empty())
    lines.emplace_back("no events are remembered");
  for (const auto& x : history)
    lines.push_back(event_line(x));
  return print_lines(lines);
}

} // namespace

command why_command(CLI::App& program) {
  auto line = program.add_subcommand("why", "What happened to a peer or an address");
  line->group(command_group::look);
  line->footer(std::string(why_footer) + node_exit_help + why_examples);
  auto from = std::make_shared<why_arguments>(*line, node_arguments::needs::cookie);
  line
    ->add_option("SUBJECT", from->subject,
                 "The id of a peer, ADDR:PORT, HOST:PORT, ADDR, or a range\nof addresses")
    ->required();
  add_json_flag(*from, "The result of the call why");
  return {line, [from] { return explain(*from); }};
}

} // namespace peerage
