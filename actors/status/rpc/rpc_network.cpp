// SPDX-License-Identifier: MIT
#include "actors/interfaces/node.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "actors/peer/node_context.hpp"
#include "actors/status/rpc/rpc_answer.hpp"
#include "actors/status/rpc/rpc_connections.hpp"
#include "actors/status/rpc/rpc_services.hpp"
#include "messages/wire/limits.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

/// Bitcoin Core's calls about the network as a whole (rpc/net.cpp of version 28).
namespace peerage {

namespace {

/// The version of Bitcoin Core whose shapes these are: clients compare with it.
constexpr int compatible_version = 280'000;
constexpr double relay_fee = 0.00001; ///< Core's default, in BTC per 1,000 vB.

/// Of the outbound peers, as in Core.
std::int64_t median_offset(const peer_snapshots& peers) {
  std::vector<std::int64_t> offsets;
  for (const auto& x : peers.entries)
    if (x.info.direction == peer_direction::outbound)
      offsets.push_back(x.info.time_offset);
  if (offsets.empty())
    return 0;
  auto middle = offsets.begin() + static_cast<std::ptrdiff_t>(offsets.size() / 2);
  std::ranges::nth_element(offsets, middle);
  return *middle;
}

rpc_json render_network(const node_snapshot& node, const node_context& context,
                        const peer_snapshots& handshakes, std::int64_t offset) {
  const auto all = handshakes.entries.size();
  const auto inbound = static_cast<std::size_t>(
    std::ranges::count_if(handshakes.entries, [](const peer_snapshot& x) {
      return x.info.direction == peer_direction::inbound;
    }));
  rpc_json result;
  result["version"] = compatible_version;
  result["subversion"] = node.user_agent;
  result["protocolversion"] = wire::limits::protocol_version;
  result["localservices"] = services_hex(context.identity.services);
  result["localservicesnames"] = services_names(context.identity.services);
  result["localrelay"] = context.identity.relay;
  result["timeoffset"] = offset;
  result["networkactive"] = node.network_active;
  result["connections"] = node.peers.total + all;
  result["connections_in"] = node.peers.inbound + inbound;
  result["connections_out"] = node.peers.outbound + all - inbound;
  auto networks = rpc_json::array();
  for (std::string_view name : {"ipv4", "ipv6", "onion", "i2p", "cjdns"}) {
    const bool reachable = name.starts_with("ipv");
    networks.push_back({{"name", name},
                        {"limited", !reachable},
                        {"reachable", reachable},
                        {"proxy", ""},
                        {"proxy_randomize_credentials", false}});
  }
  result["networks"] = std::move(networks);
  result["relayfee"] = relay_fee;
  result["incrementalfee"] = relay_fee;
  result["localaddresses"] = rpc_json::array();
  result["warnings"] = rpc_json::array();
  return result;
}

void get_network_info(status_pointer self, const rpc_arguments&, const rpc_done& done) {
  ask_handshakes(self, [self, done](peer_snapshots handshakes) {
    ask<peer_snapshots>(self, self->state.parts.peers, get_peer_snapshots{},
                        [self, done, handshakes = std::move(handshakes)](
                          caf::expected<peer_snapshots> peers) {
                          const auto offset = peers ? median_offset(*peers) : 0;
                          answer_call<node_snapshot>(
                            self, self->state.manager, get_node_snapshot{}, done,
                            [offset, handshakes, context = self->state.parts.context](
                              const node_snapshot& x) {
                              return render_network(x, *context, handshakes, offset);
                            });
                        });
  });
}

void get_connection_count(status_pointer self, const rpc_arguments&,
                          const rpc_done& done) {
  ask_handshakes(self, [self, done](const peer_snapshots& handshakes) {
    answer_call<peer_set_snapshot>(
      self, self->state.parts.peers, get_peer_set_snapshot{}, done,
      [more = handshakes.entries.size()](const peer_set_snapshot& x) {
        return rpc_json(x.total + more);
      });
  });
}

rpc_json render_totals(const node_snapshot& x, const node_context& context) {
  return {{"totalbytesrecv", x.bytes_received},
          {"totalbytessent", x.bytes_sent},
          {"timemillis", static_cast<std::int64_t>(context.wall.precise_now() * 1'000)},
          {"uploadtarget",
           {{"timeframe", 86'400},
            {"target", 0},
            {"target_reached", false},
            {"serve_historical_blocks", true},
            {"bytes_left_in_cycle", 0},
            {"time_left_in_cycle", 0}}}};
}

} // namespace

void add_network_methods(rpc_methods& to) {
  to.add({"getnetworkinfo",
          {},
          "getnetworkinfo\nThe state of the P2P network.",
          get_network_info});
  to.add({"getnettotals",
          {},
          "getnettotals\nBytes received and sent since the start.",
          [](status_pointer self, const rpc_arguments&, const rpc_done& done) {
            answer_call<node_snapshot>(
              self, self->state.manager, get_node_snapshot{}, done,
              [context = self->state.parts.context](const node_snapshot& x) {
                return render_totals(x, *context);
              });
          }});
  to.add({"getconnectioncount",
          {},
          "getconnectioncount\nThe number of connections, those that still shake hands "
          "included.",
          get_connection_count});
  to.add({"setnetworkactive",
          {{"state", rpc_type::boolean, true}},
          "setnetworkactive state\nEnds all connections and makes no new ones, or goes "
          "on.",
          [](status_pointer self, const rpc_arguments& given, const rpc_done& done) {
            const bool active = given.boolean("state");
            self->send(self->state.manager, set_network_active{active});
            done(rpc_json(active));
          }});
}

} // namespace peerage
