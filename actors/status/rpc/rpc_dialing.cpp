// SPDX-License-Identifier: MIT
#include "actors/interfaces/dialing.hpp"
#include "actors/peer/node_context.hpp"
#include "actors/status/rpc/rpc_answer.hpp"

#include <optional>
#include <string>

/// Bitcoin Core's calls about the peers that a person names (rpc/net.cpp of version 28).
namespace peerage {

namespace {

void add_node(status_pointer self, const rpc_arguments& given, const rpc_done& done) {
  const auto& parts = self->state.parts;
  const auto command = given.text("command");
  if (command != "add" && command != "remove" && command != "onetry")
    throw given.usage();
  if (given.boolean_or("v2transport", false))
    throw rpc_error{
      rpc_code::invalid_parameter, "Error: v2transport requested but not enabled", {}};
  const auto node = given.text("node");
  if (command == "remove")
    return change_call<bool>(
      self, parts.dialer, remove_manual_peer{node}, done, [](bool removed) {
        if (!removed)
          throw rpc_error{rpc_code::node_not_added,
                          "Error: Node could not be removed. It has not been added "
                          "previously.",
                          {}};
        return nullptr;
      });
  std::optional<host_name> name;
  if (host_name host; parse_host_name(node, parts.context->network.port, host))
    name = host;
  const auto remote =
    name ? endpoint{} : endpoint_argument(node, parts.context->network.port);
  if (command == "add")
    return change_call<bool>(
      self, parts.dialer, add_manual_peer{remote, node, name}, done, [](bool added) {
        if (!added)
          throw rpc_error{rpc_code::node_already_added, "Error: Node already added", {}};
        return nullptr;
      });
  if (name)
    return decide_call<bool>(
      self, parts.dialer, dial_name_once{*name}, done, [](bool) { return nullptr; },
      status_limits::lookup_deadline);
  decide_call<bool>(self, parts.dialer, dial_once{remote}, done,
                    [](bool) { return nullptr; });
}

void get_added_node_info(status_pointer self, const rpc_arguments& given,
                         const rpc_done& done) {
  std::optional<std::string> only;
  if (given.has("node"))
    only = given.text("node");
  decide_call<manual_peers>(
    self, self->state.parts.dialer, get_manual_peers{}, done,
    [only](const manual_peers& x) {
      auto result = rpc_json::array();
      for (const auto& entry : x.entries) {
        if (only && entry.text != *only)
          continue;
        auto addresses = rpc_json::array();
        if (entry.connected)
          addresses.push_back(
            {{"address", to_string(*entry.remote)}, {"connected", "outbound"}});
        result.push_back({{"addednode", entry.text},
                          {"connected", entry.connected},
                          {"addresses", std::move(addresses)}});
      }
      if (only && result.empty())
        throw rpc_error{rpc_code::node_not_added, "Error: Node has not been added.", {}};
      return result;
    });
}

} // namespace

void add_dialing_methods(rpc_methods& to) {
  to.add({"addnode",
          {{"node", rpc_type::text, true},
           {"command", rpc_type::text, true},
           {"v2transport", rpc_type::boolean}},
          "addnode \"node\" \"add|remove|onetry\" ( v2transport )\nStays connected to a "
          "peer (also after the next start), no longer does, or dials it once. A host "
          "name is looked up for each dial.",
          add_node});
  to.add({"getaddednodeinfo",
          {{"node"}},
          "getaddednodeinfo ( \"node\" )\nThe peers added by addnode or "
          "--add-peer, "
          "or one of them, under the names they were added with.",
          get_added_node_info});
}

} // namespace peerage
