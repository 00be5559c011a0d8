// SPDX-License-Identifier: MIT
#include "app/commands/node_command.hpp"
#include "app/human_input.hpp"
#include "app/human_text.hpp"
#include "messages/subnet.hpp"

namespace peerage {

namespace {

constexpr auto ban_footer = R"(
Peers at the address end at once; nobody from there is accepted or dialed. The
ban is on the disk when this returns. peerage bans lists all, peerage unban lifts
one.
)";

constexpr auto ban_examples = R"(

Examples
  peerage ban 192.0.2.1
  peerage ban 192.0.2.0/24 --for 2w
  peerage ban 2001:db8::/32 --until 2027-01-01
)";

struct ban_arguments : node_command_arguments {
  using node_command_arguments::node_command_arguments;
  std::string range;
  std::string duration;
  std::string until;
};

/// The parameters of setban.
rpc_json ban_parameters(const ban_arguments& from) {
  auto result = rpc_json::array({from.range, "add"});
  auto read = [&](const char* option, const std::string& value, auto reader) {
    try {
      return reader(value);
    } catch (const option_error& error) {
      throw from.mistake(named(option, value) + ": " + error.why);
    }
  };
  if (from.line->count("--for") > 0) {
    result.push_back(read("for", from.duration, read_duration));
  } else if (from.line->count("--until") > 0) {
    result.push_back(read("until", from.until, read_date));
    result.push_back(true);
  }
  return result;
}

/// "192.0.2.0/24 is banned until 2026-12-01 00:00:00 UTC, for 1d 4h".
std::string ban_text(node_client& node, const subnet& range) {
  auto result = to_string(range) + " is banned";
  for (const auto& x : node.call("listbanned", rpc_json::array()))
    if (x.value("address", "") == to_string(range))
      result += " until " + time_text(x.value("banned_until", 0.0)) + " UTC, for " +
                duration_text(x.value("time_remaining", 0.0));
  return result + "\n";
}

int ban_address(const ban_arguments& from) {
  subnet range;
  if (!parse_subnet(from.range, range)) {
    const auto zone = zone_problem(from.range);
    throw from.mistake("ADDRESS " + from.range + ": must be an IP address or a range" +
                       (zone.empty() ? "" : ": " + zone));
  }
  const auto parameters = ban_parameters(from);
  node_client node{from.node.read()};
  node.call("setban", parameters);
  return print(ban_text(node, range));
}

} // namespace

command ban_command(CLI::App& program) {
  auto line = program.add_subcommand("ban", "Ban an address, or a range of them");
  line->group(command_group::steer);
  line->footer(std::string(ban_footer) + node_exit_help + ban_examples);
  auto from = std::make_shared<ban_arguments>(*line, node_arguments::needs::cookie);
  line->add_option("ADDRESS", from->range, "An IP address, or a range like 192.0.2.0/24")
    ->required();
  auto duration = line
                    ->add_option("--for", from->duration,
                                 "In seconds, or like 15m, 12h, 7d, 2w (default a day)")
                    ->type_name("DURATION");
  line
    ->add_option("--until", from->until,
                 "In UTC, like 2026-12-01 or \"2026-12-01 18:30\"")
    ->type_name("DATE")
    ->excludes(duration);
  return {line, [from] { return ban_address(*from); }};
}

} // namespace peerage
