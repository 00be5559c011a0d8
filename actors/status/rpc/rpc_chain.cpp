// SPDX-License-Identifier: MIT
#include "actors/peer/node_context.hpp"
#include "actors/status/rpc/rpc_answer.hpp"

/// Bitcoin Core's calls about the chain that network tools make on their way. A peer
/// manager verifies no blocks: it knows the name of its network, and the chain that it
/// tells its peers of.
namespace peerage {

namespace {

/// The last block told to peers; the genesis block where there is no chain.
wire::hash256 best_block_of(const node_context& context) {
  const auto& us = context.identity;
  return us.start_height == 0 ? context.network.genesis : us.best_block;
}

rpc_json render_chain(const node_context& context) {
  const auto& network = context.network;
  const auto height = context.identity.start_height;
  rpc_json result;
  result["chain"] = network.id == wire::network::testnet ? std::string("test")
                                                         : std::string(network.name);
  result["blocks"] = height;
  result["headers"] = height;
  result["bestblockhash"] = wire::to_string(best_block_of(context));
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

/// A call that is answered from the context alone.
rpc_method about_chain(std::string name, std::string description,
                       rpc_json (*render)(const node_context&)) {
  rpc_method result;
  result.help = name + "\n" + std::move(description);
  result.name = std::move(name);
  result.run = [render](status_pointer self, const rpc_arguments&, const rpc_done& done) {
    done(render(*self->state.parts.context));
  };
  return result;
}

} // namespace

void add_chain_methods(rpc_methods& to) {
  to.add(about_chain(
    "getblockchaininfo",
    "The network's name, and the chain told to peers; nothing is verified here.",
    render_chain));
  to.add(
    about_chain("getblockcount", "The height told to peers.",
                [](const node_context& x) { return rpc_json(x.identity.start_height); }));
  to.add(about_chain(
    "getbestblockhash",
    "The hash of the last block told to peers; zero if it is not known.",
    [](const node_context& x) { return rpc_json(wire::to_string(best_block_of(x))); }));
  to.add({"getindexinfo",
          {{"index_name"}},
          "getindexinfo ( \"index_name\" )\nThe indexes of this node: it has none.",
          [](status_pointer, const rpc_arguments&, const rpc_done& done) {
            done(rpc_json::object());
          }});
}

} // namespace peerage
