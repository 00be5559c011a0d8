// SPDX-License-Identifier: MIT
#include "actors/interfaces/addresses.hpp"
#include "actors/interfaces/broadcasts.hpp"
#include "actors/interfaces/dialing.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "actors/peer/node_context.hpp"
#include "actors/status/rpc/rpc_answer.hpp"
#include "messages/wire/limits.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <functional>
#include <iterator>
#include <set>

/// Bitcoin Core's calls about peers (rpc/net.cpp of version 28). Fields that a peer
/// manager cannot know have Core's value for "unknown"; README.md lists them.
namespace peerage {

namespace {

/// The version of Bitcoin Core whose shapes these are: clients compare with it.
constexpr int compatible_version = 280'000;
constexpr double relay_fee = 0.00001; ///< Core's default, in BTC per 1,000 vB.

std::int64_t whole(double unix_time) {
  return static_cast<std::int64_t>(unix_time);
}

double seconds(caf::timespan x) {
  return std::chrono::duration<double>(x).count();
}

std::string_view network_of(const endpoint& x) {
  if (!is_routable(x))
    return "not_publicly_routable";
  return x.is_ipv4() ? "ipv4" : "ipv6";
}

rpc_json by_command(const command_bytes& bytes) {
  auto result = rpc_json::object();
  for (std::size_t i = 0; i < bytes.size(); ++i)
    if (bytes[i] > 0) {
      const auto type = static_cast<wire::command>(i);
      result[type == wire::command::unknown ? "*other*"
                                            : std::string(wire::to_string(type))] =
        bytes[i];
    }
  return result;
}

// -- connections -----------------------------------------------------------------------

/// Core counts a connection from the first byte on; the PEER_SET has it after the
/// handshake. Asks LISTENER and DIALER before the set, so that a connection on its way
/// into the set is not missed.
void ask_handshakes(status_pointer self, std::function<void(peer_snapshots)> done) {
  ask<peer_snapshots>(
    self, self->state.parts.listener, get_peer_snapshots{},
    [self, done = std::move(done)](caf::expected<peer_snapshots> inbound) {
      auto found = inbound ? std::move(*inbound) : peer_snapshots{};
      ask<peer_snapshots>(
        self, self->state.parts.dialer, get_peer_snapshots{},
        [done, found = std::move(found)](caf::expected<peer_snapshots> outbound) mutable {
          if (outbound)
            std::ranges::move(outbound->entries, std::back_inserter(found.entries));
          done(std::move(found));
        });
    });
}

/// Peers, and connections that still shake hands; by id.
peer_snapshots merged(peer_snapshots peers, const peer_snapshots& handshakes) {
  peer_snapshots result = std::move(peers);
  std::set<peer_id> known;
  for (const auto& x : result.entries)
    known.insert(x.info.id);
  for (const auto& x : handshakes.entries)
    if (known.insert(x.info.id).second)
      result.entries.push_back(x);
  std::ranges::sort(result.entries, {}, [](const peer_snapshot& x) { return x.info.id; });
  return result;
}

// -- getpeerinfo -----------------------------------------------------------------------

rpc_json peer_info_of(const peer_snapshot& x, const peer_gossip_counts::entry& gossip) {
  const auto& info = x.info;
  const bool introduced = info.remote_protocol != 0; // its version message has come
  rpc_json result;
  result["id"] = info.id;
  result["addr"] = to_string(info.remote);
  result["addrbind"] = to_string(info.local);
  result["network"] = network_of(info.remote);
  result["services"] = services_hex(info.services);
  result["servicesnames"] = services_names(info.services);
  result["relaytxes"] = introduced && info.relay;
  result["lastsend"] = whole(x.last_sent);
  result["lastrecv"] = whole(x.last_received);
  result["last_transaction"] = whole(x.last_transaction);
  result["last_block"] = whole(x.last_block);
  result["bytessent"] = x.traffic.bytes_sent;
  result["bytesrecv"] = x.traffic.bytes_received;
  result["conntime"] = whole(x.connected_since);
  result["timeoffset"] = info.time_offset;
  if (x.last_ping > caf::timespan::zero()) {
    result["pingtime"] = seconds(x.last_ping);
    result["minping"] = seconds(x.lowest_ping);
  }
  if (x.ping_wait > caf::timespan::zero())
    result["pingwait"] = seconds(x.ping_wait);
  result["version"] = info.remote_protocol;
  result["subver"] = sanitised(info.user_agent);
  result["inbound"] = info.direction == peer_direction::inbound;
  result["bip152_hb_to"] = false;
  result["bip152_hb_from"] = x.high_bandwidth_from;
  result["startingheight"] = introduced ? info.start_height : -1;
  result["presynced_headers"] = -1;
  result["synced_headers"] = -1;
  result["synced_blocks"] = -1;
  result["inflight"] = rpc_json::array();
  result["addr_relay_enabled"] =
    (introduced && info.direction == peer_direction::outbound) || gossip.processed > 0;
  result["addr_processed"] = gossip.processed;
  result["addr_rate_limited"] = gossip.rate_limited;
  result["permissions"] = rpc_json::array();
  result["minfeefilter"] = static_cast<double>(x.fee_filter) / 1e8;
  result["bytessent_per_msg"] = by_command(x.sent_by_command);
  result["bytesrecv_per_msg"] = by_command(x.received_by_command);
  result["connection_type"] = connection_type(x);
  result["transport_protocol_type"] = "v1";
  result["session_id"] = "";
  return result;
}

/// Adds the counts of the peer's gossip; finds them by id.
rpc_json with_gossip(const peer_snapshot& x, const peer_gossip_counts& gossip) {
  auto found = std::ranges::lower_bound(gossip.entries, x.info.id, {},
                                        &peer_gossip_counts::entry::peer);
  const bool known = found != gossip.entries.end() && found->peer == x.info.id;
  return peer_info_of(x, known ? *found : peer_gossip_counts::entry{x.info.id});
}

void get_peer_info(status_pointer self, const rpc_arguments&, const rpc_done& done) {
  ask_handshakes(self, [self, done](peer_snapshots handshakes) {
    ask<peer_gossip_counts>(
      self, self->state.parts.book, get_gossip_counts{},
      [self, done,
       handshakes = std::move(handshakes)](caf::expected<peer_gossip_counts> gossip) {
        auto counts = std::make_shared<const peer_gossip_counts>(
          gossip ? std::move(*gossip) : peer_gossip_counts{});
        ask<peer_snapshots>(
          self, self->state.parts.peers, get_peer_snapshots{},
          [done, counts, handshakes](caf::expected<peer_snapshots> peers) {
            if (!peers)
              return done(rpc_error_of(peers.error()));
            auto render = [counts](const peer_snapshot& x) {
              return with_gossip(x, *counts);
            };
            done(rpc_list(merged(std::move(*peers), handshakes).entries, render));
          });
      });
  });
}

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

/// Asks its possible owners in the order in which a connection passes them: LISTENER,
/// DIALER, and then the set.
void end_connection(status_pointer self, const disconnect_peer& whom,
                    const rpc_done& done) {
  const auto ask_set = [self, whom, done] {
    decide_call<bool>(self, self->state.parts.peers, whom, done, [](bool found) {
      if (!found)
        throw rpc_error{
          rpc_code::node_not_connected, "Node not found in connected nodes", {}};
      return nullptr;
    });
  };
  ask<bool>(self, self->state.parts.listener, whom,
            [self, whom, done, ask_set](caf::expected<bool> newcomer) {
              if (newcomer && *newcomer)
                return done(rpc_json(nullptr));
              ask<bool>(self, self->state.parts.dialer, whom,
                        [done, ask_set](caf::expected<bool> dial) {
                          if (dial && *dial)
                            return done(rpc_json(nullptr));
                          ask_set();
                        });
            });
}

void disconnect_node(status_pointer self, const rpc_arguments& given,
                     const rpc_done& done) {
  const auto address = given.text_or("address", "");
  const bool by_id = given.has("nodeid");
  if (by_id ? !address.empty() : !given.has("address"))
    throw rpc_error{
      rpc_code::invalid_params, "Only one of address and nodeid should be provided.", {}};
  disconnect_peer whom;
  if (host_name name; !by_id && parse_host_name(address, 0, name))
    return with_address_of(self, name, done, [self, done](const endpoint& remote) {
      end_connection(self, {0, remote}, done);
    });
  if (by_id) {
    const auto id = given.integer("nodeid");
    whom.peer = id > 0 ? static_cast<peer_id>(id) : UINT64_MAX; // no peer has that
  } else if (!parse_endpoint(address, 0, whom.address)) {
    whom.peer = UINT64_MAX;
  }
  with_zone(self, whom.address, [self, whom, done](const endpoint& address) mutable {
    whom.address = address;
    end_connection(self, whom, done);
  });
}

/// 0 if there is no connection, or they are on several links.
std::uint32_t link_of(const endpoint& named, const peer_snapshots& peers,
                      const peer_snapshots& handshakes) {
  std::set<std::uint32_t> found;
  for (const auto* all : {&peers, &handshakes})
    for (const auto& x : all->entries)
      if (x.info.remote.ip == named.ip &&
          (named.port == 0 || x.info.remote.port == named.port))
        found.insert(x.info.remote.zone);
  return found.size() == 1 ? *found.begin() : 0;
}

} // namespace

void with_address_of(status_pointer self, const host_name& name, const rpc_done& done,
                     const std::function<void(const endpoint&)>& then) {
  ask<name_obstacles>(
    self, self->state.parts.dialer, status_limits::lookup_deadline, explain_name{name},
    [name, done, then](caf::expected<name_obstacles> found) {
      if (!found)
        return done(rpc_error_of(found.error()));
      if (found->remote)
        return then(*found->remote);
      const auto& why = found->dial.entries;
      done(rpc_error{rpc_code::misc,
                     "Error: " + to_string(name) +
                       " has no address now: " + (why.empty() ? "" : why.front().detail),
                     {}});
    });
}

void with_zone(status_pointer self, const endpoint& named,
               const std::function<void(const endpoint&)>& then) {
  if (!named.is_link_local() || named.zone != 0)
    return then(named);
  ask_handshakes(self, [self, named, then](const peer_snapshots& handshakes) {
    ask<peer_snapshots>(self, self->state.parts.peers, get_peer_snapshots{},
                        [named, then, handshakes](caf::expected<peer_snapshots> peers) {
                          auto found = named;
                          if (peers)
                            found.zone = link_of(named, *peers, handshakes);
                          then(found);
                        });
  });
}

std::string services_hex(std::uint64_t services) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string result(16, '0');
  for (std::size_t i = 0; i < 16; ++i)
    result[15 - i] = digits[(services >> (4 * i)) & 15];
  return result;
}

rpc_json services_names(std::uint64_t services) {
  auto result = rpc_json::array();
  for (unsigned bit = 0; bit < 64; ++bit)
    switch (services & (std::uint64_t{1} << bit)) {
    case 0: break;
    case wire::node_network: result.push_back("NETWORK"); break;
    case wire::node_bloom: result.push_back("BLOOM"); break;
    case wire::node_witness: result.push_back("WITNESS"); break;
    case wire::node_compact_filters: result.push_back("COMPACT_FILTERS"); break;
    case wire::node_network_limited: result.push_back("NETWORK_LIMITED"); break;
    case wire::node_p2p_v2: result.push_back("P2P_V2"); break;
    default: result.push_back("UNKNOWN[2^" + std::to_string(bit) + "]");
    }
  return result;
}

void add_network_methods(rpc_methods& to) {
  to.add(
    {"getpeerinfo",
     {},
     "getpeerinfo\nEvery connection, in Bitcoin Core's words; those that still shake "
     "hands with what is known.",
     get_peer_info});
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
  to.add({"disconnectnode",
          {{"address"}, {"nodeid", rpc_type::number}},
          "disconnectnode ( \"address\" nodeid )\nEnds a peer, named by one of the two.",
          disconnect_node});
  to.add(
    {"ping",
     {},
     "ping\nPings every peer without a ping under way; getpeerinfo shows the wait as "
     "pingwait, and the answer as pingtime.",
     [](status_pointer self, const rpc_arguments&, const rpc_done& done) {
       self->send(self->state.parts.peers, ping_all{});
       done(rpc_json(nullptr));
     }});
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
