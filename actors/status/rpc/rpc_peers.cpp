// SPDX-License-Identifier: MIT
#include "actors/interfaces/addresses.hpp"
#include "actors/interfaces/broadcasts.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "actors/status/rpc/rpc_answer.hpp"
#include "actors/status/rpc/rpc_connections.hpp"
#include "actors/status/rpc/rpc_services.hpp"

#include <algorithm>
#include <chrono>
#include <set>

/// Bitcoin Core's calls about single peers (rpc/net.cpp of version 28). Fields that a
/// peer manager cannot know have Core's value for "unknown"; README.md lists them.
namespace peerage {

namespace {

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

// -- getpeerinfo ----------------------------------------------------------------------

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

// -- disconnectnode -------------------------------------------------------------------

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
  if (host_name name; !by_id && parse_host_name(address, 0, name))
    return with_address_of(self, name, done, [self, done](const endpoint& remote) {
      end_connection(self, {0, remote}, done);
    });
  disconnect_peer whom;
  if (by_id) {
    const auto id = given.integer("nodeid");
    whom.peer = id > 0 ? static_cast<peer_id>(id) : UINT64_MAX; // no peer has that
  } else if (!parse_endpoint(address, 0, whom.address)) {
    whom.peer = UINT64_MAX;
  }
  with_zone(self, whom.address, [self, whom, done](const endpoint& where) mutable {
    whom.address = where;
    end_connection(self, whom, done);
  });
}

} // namespace

void add_peer_methods(rpc_methods& to) {
  to.add(
    {"getpeerinfo",
     {},
     "getpeerinfo\nEvery connection, in Bitcoin Core's words; those that still shake "
     "hands with what is known.",
     get_peer_info});
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
}

} // namespace peerage
