// SPDX-License-Identifier: MIT
#include "actors/interfaces/bans.hpp"
#include "actors/peer/node_context.hpp"
#include "actors/status/rpc/rpc_answer.hpp"
#include "messages/ban.hpp"

#include <algorithm>

/// Bitcoin Core's calls about bans (rpc/net.cpp of version 28).
namespace peerage {

namespace {

subnet subnet_argument(const std::string& text) {
  subnet result;
  if (parse_subnet(text, result))
    return result;
  const auto zone = zone_problem(text);
  throw rpc_error{rpc_code::invalid_ip_or_subnet,
                  "Error: Invalid IP/Subnet" + (zone.empty() ? "" : " (" + zone + ")"),
                  {}};
}

rpc_json judge_ban(std::uint8_t result) {
  switch (static_cast<ban_result>(result)) {
  case ban_result::done: return nullptr;
  case ban_result::already_banned:
    throw rpc_error{rpc_code::node_already_added, "Error: IP/Subnet already banned", {}};
  case ban_result::not_banned:
    throw rpc_error{rpc_code::invalid_ip_or_subnet,
                    "Error: Unban failed. Requested address/subnet was not previously "
                    "manually banned.",
                    {}};
  case ban_result::time_in_past:
    throw rpc_error{
      rpc_code::invalid_parameter, "Error: Absolute timestamp is in the past", {}};
  case ban_result::full:
    throw rpc_error{rpc_code::misc, "Error: the list of bans is full", {}};
  }
  return nullptr;
}

void set_ban_call(status_pointer self, const rpc_arguments& given, const rpc_done& done) {
  const auto command = given.text("command");
  if (command != "add" && command != "remove")
    throw given.usage();
  const auto text = given.text("subnet");
  const auto range = subnet_argument(text);
  const auto& ban_manager = self->state.parts.ban_manager;
  if (command == "remove")
    return change_call<std::uint8_t>(self, ban_manager, lift_ban{range}, done, judge_ban);
  set_ban what{range, given.integer_or("bantime", 0), given.boolean_or("absolute", false),
               text.find('/') == text.npos};
  change_call<std::uint8_t>(self, ban_manager, what, done, judge_ban);
}

rpc_json render_ban(const ban& entry, unix_seconds now) {
  return {{"address", to_string(entry.range)},
          {"ban_created", entry.created},
          {"banned_until", entry.until},
          {"ban_duration", entry.until - entry.created},
          {"time_remaining", std::max<std::int64_t>(entry.until - now, 0)}};
}

} // namespace

void add_ban_methods(rpc_methods& to) {
  to.add(
    {"setban",
     {{"subnet", rpc_type::text, true},
      {"command", rpc_type::text, true},
      {"bantime", rpc_type::number},
      {"absolute", rpc_type::boolean}},
     "setban \"subnet\" \"add|remove\" ( bantime absolute )\nBans an address or a "
     "range, for that many seconds (default a day) or until that time, or lifts a ban.",
     set_ban_call});
  to.add({"listbanned",
          {},
          "listbanned\nAll bans in force.",
          [](status_pointer self, const rpc_arguments&, const rpc_done& done) {
            answer_call_with_list<bans>(self, self->state.parts.ban_manager, get_bans{},
                                        done,
                                        [now = self->state.parts.context->wall.now()](
                                          const ban& x) { return render_ban(x, now); });
          }});
  to.add({"clearbanned",
          {},
          "clearbanned\nLifts all bans.",
          [](status_pointer self, const rpc_arguments&, const rpc_done& done) {
            change_call<std::uint8_t>(self, self->state.parts.ban_manager, clear_bans{},
                                      done, judge_ban);
          }});
}

} // namespace peerage
