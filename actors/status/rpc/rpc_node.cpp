// SPDX-License-Identifier: MIT
#include "actors/peer/node_context.hpp"
#include "actors/status/rpc/rpc_answer.hpp"

#include <csignal>
#include <unistd.h>

#include <algorithm>

/// Calls about the process, and the few about a chain that network tools also make.
namespace peerage {

namespace {

/// bitcoin-cli and similar tools ask this first. A peer manager knows the name of its
/// network and the height that it tells its peers; it verifies nothing.
rpc_json render_chain(const node_context& context) {
  const auto& network = context.network;
  const auto height = context.identity.start_height;
  rpc_json result;
  result["chain"] = network.id == wire::network::testnet ? std::string("test")
                                                         : std::string(network.name);
  result["blocks"] = height;
  result["headers"] = height;
  result["bestblockhash"] =
    wire::to_string(height == 0 ? network.genesis : wire::hash256{});
  result["difficulty"] = 0;
  result["time"] = 0;
  result["mediantime"] = 0;
  result["verificationprogress"] = 0;
  result["initialblockdownload"] = true;
  result["chainwork"] = std::string(64, '0');
  result["size_on_disk"] = 0;
  result["pruned"] = false;
  result["warnings"] = rpc_json::array();
  return result;
}

void help(const rpc_methods& all, const rpc_arguments& given, const rpc_done& done) {
  const auto name = given.text_or("command", "");
  if (!name.empty()) {
    const auto* method = all.find(name);
    return done(method ? rpc_json(method->help)
                       : rpc_json("help: unknown command: " + name));
  }
  std::vector<std::string> lines;
  for (const auto& x : all.all())
    if (!x.hidden)
      lines.push_back(x.help.substr(0, x.help.find('\n')));
  std::ranges::sort(lines);
  std::string text;
  for (const auto& line : lines)
    text += (text.empty() ? "" : "\n") + line;
  done(rpc_json(text));
}

} // namespace

void add_node_methods(rpc_methods& to) {
  to.add({"uptime",
          {},
          "uptime\nSeconds since the start.",
          [](status_pointer self, const rpc_arguments&, const rpc_done& done) {
            answer_call<node_snapshot>(self, self->state.manager, get_node_snapshot{},
                                       done, [](const node_snapshot& x) {
                                         return rpc_json(
                                           static_cast<std::int64_t>(x.uptime));
                                       });
          }});
  // Bitcoin Core's test framework passes a time to wait before the stop; it is ignored.
  to.add({"stop",
          {{"wait", rpc_type::number}},
          "stop\nStops the node in order, as SIGTERM does.",
          [](status_pointer, const rpc_arguments&, const rpc_done& done) {
            done(rpc_json("peerage stopping"));
            // The same way as a signal from outside, so that there is only one way to
            // stop.
            ::kill(::getpid(), SIGTERM);
          }});
  to.add({"getrpcinfo",
          {},
          "getrpcinfo\nThe state of this interface.",
          [](status_pointer, const rpc_arguments&, const rpc_done& done) {
            done(
              rpc_json{{"active_commands", {{{"method", "getrpcinfo"}, {"duration", 0}}}},
                       {"logpath", ""}});
          }});
  to.add(
    {"getblockchaininfo",
     {},
     "getblockchaininfo\nThe network's name, and the height told to peers; nothing is "
     "verified here.",
     [](status_pointer self, const rpc_arguments&, const rpc_done& done) {
       done(render_chain(*self->state.parts.context));
     }});
  to.add({"help",
          {{"command"}},
          "help ( \"command\" )\nLists the calls, or describes one of them.",
          [](status_pointer self, const rpc_arguments& given, const rpc_done& done) {
            help(*self->state.methods, given, done);
          }});
}

} // namespace peerage
