// SPDX-License-Identifier: MIT
#include "actors/base/log.hpp"
#include "actors/status/rpc/rpc.hpp"

#include <algorithm>
#include <vector>

namespace peerage {

namespace {

/// The parts that a list names; Bitcoin Core's words for all of them are good, too.
std::vector<log::part> parts_in(const rpc_json& names) {
  std::vector<log::part> result;
  if (!names.is_array())
    return result;
  for (const auto& name : names) {
    if (!name.is_string())
      throw rpc_error{
        rpc_code::type, "JSON value of a category is not of type string", {}};
    const auto text = name.get<std::string>();
    const bool is_all = text == "all" || text == "1" || text.empty();
    const auto one = log::parse_part(text);
    if (!is_all && !one)
      throw rpc_error{
        rpc_code::invalid_parameter, "unknown logging category " + text, {}};
    for (std::size_t i = 0; i < log::part_names.size(); ++i)
      if (const auto x = static_cast<log::part>(i); is_all || x == *one)
        result.push_back(x);
  }
  return result;
}

/// Whether a part tells more than usual: all that it has to tell.
bool is_loud(log::part x) {
  const auto needed = x == log::part::messages ? log::level::trace : log::level::debug;
  return log::level_of(x) <= needed;
}

rpc_json change_logging(const rpc_arguments& given) {
  // Both lists are read before anything changes.
  const auto louder = parts_in(given.get("include"));
  const auto quieter = parts_in(given.get("exclude"));
  for (auto x : louder)
    log::set_level(x, log::level::trace);
  for (auto x : quieter)
    log::set_level(x, std::max(log::usual_level(), log::level::info));
  auto result = rpc_json::object();
  for (std::size_t i = 0; i < log::part_names.size(); ++i)
    result[std::string(log::part_names[i])] = is_loud(static_cast<log::part>(i));
  return result;
}

} // namespace

void add_logging_method(rpc_methods& to) {
  to.add(
    {"logging",
     {{"include", rpc_type::list}, {"exclude", rpc_type::list}},
     "logging ( [\"include\",...] [\"exclude\",...] )\n"
     "Which parts log all that they have to tell. Those in the first list do so from "
     "now on, those in the second no longer; \"all\" are all. `messages` shows every "
     "message of every peer. It lasts until the end of the node, or a SIGHUP.",
     [](status_pointer, const rpc_arguments& given, const rpc_done& done) {
       done(change_logging(given));
     }});
}

} // namespace peerage
