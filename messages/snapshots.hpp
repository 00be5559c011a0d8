// SPDX-License-Identifier: MIT
#pragma once

#include "messages/lifecycle.hpp"
#include "messages/requests.hpp"
#include "messages/wire/commands.hpp"

#include <caf/timespan.hpp>
#include <nlohmann/json.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

/// Snapshots, for status. A snapshot is made by the owner of its values in one message,
/// so its numbers are consistent.
namespace peerage {

/// Counts traffic of one peer.
struct peer_traffic {
  std::uint64_t bytes_received = 0; ///< Envelopes included.
  std::uint64_t bytes_sent = 0;
  std::uint64_t messages_received = 0;
  std::uint64_t messages_sent = 0;
  std::array<std::uint64_t, ignored_count> ignored{};
};

/// Bytes by command, envelopes included.
using command_bytes = std::array<std::uint64_t, wire::command_count>;

/// Asks a client (or connection) for a `peer_snapshot`.
struct get_peer_snapshot {};

/// One peer, with the state of its actor group at this moment.
struct peer_snapshot {
  peer_info info;
  double connected_since = 0; ///< Unix seconds.
  double last_received = 0; ///< Bytes, even of half a message. Unix seconds; 0: none yet.
  double last_sent = 0;
  double last_block = 0;       ///< The last useful one. Unix seconds; 0: none yet.
  double last_transaction = 0; ///< Likewise.
  caf::timespan block_age{};   ///< The time since then, however the clock was set.
  caf::timespan transaction_age{};
  caf::timespan last_ping{}; ///< Zero before the first pong.
  caf::timespan lowest_ping{};
  peer_traffic traffic;
  std::uint64_t requests_in_flight = 0;
  std::uint64_t requests_queued = 0;
  std::uint64_t inbound_backlog = 0; ///< The remote's requests that wait for the node.
  std::uint64_t unsent_bytes =
    0; ///< Memory held by bytes that the socket has not taken yet.
  bool reading_paused = false; ///< No credit is out: we read nothing from it.
  std::uint64_t credit = 0;    ///< Batches that the transport may deliver ahead.
  command_bytes received_by_command{};
  command_bytes sent_by_command{};
  caf::timespan ping_wait{};    ///< The age of the oldest unanswered ping; zero: none.
  std::uint64_t fee_filter = 0; ///< Satoshi per 1,000 vB, as asked by the peer (BIP 133).
  bool high_bandwidth_from = false; ///< It wants blocks as compact blocks (BIP 152).
  // Filled in by the PEER_SET; for a peer that still shakes hands, by LISTENER or DIALER.
  bool feeler = false; ///< Dialed only to test the address.
  bool manual = false; ///< Added by a person.
  bool ready = false;  ///< Takes requests.
};

/// Asks a client for its `peer_group`.
struct get_peer_group {};

/// The actors of one peer, and how many messages wait for each of them.
struct peer_group {
  struct actor {
    std::string name;
    std::uint64_t id = 0;
    std::uint64_t mailbox = 0;

    template <class Inspector>
    friend typename Inspector::result_type inspect(Inspector& f, actor& x) {
      return f(caf::meta::type_name("peerage.peer_group.actor"), x.name, x.id, x.mailbox);
    }
  };
  std::vector<actor> actors; ///< The running ones.
};

/// Asks the peer set for a `peer_set_snapshot`.
struct get_peer_set_snapshot {};

/// All peers, counted at one moment: total = ready + unready (invariant I5).
struct peer_set_snapshot {
  std::uint64_t total = 0;
  std::uint64_t ready = 0;
  std::uint64_t unready = 0;
  std::uint64_t inbound = 0;
  std::uint64_t outbound = 0;
  std::uint64_t ready_inbound = 0; ///< Of `inbound`; the other ready ones are outbound.
  std::array<std::uint64_t, peer_exit_count + 1> exits{}; ///< By reason, since start.
  /// Requests routed to a peer, by kind (`request_kind`), since start; a request to k
  /// peers counts k times (invariant I5).
  std::array<std::uint64_t, request_kind_count> outbound_requests{};
};

/// Asks the peer set for every peer's snapshot.
struct get_peer_snapshots {};

struct peer_snapshots {
  std::vector<peer_snapshot> entries; ///< By id.
};

/// Asks the peer manager for a `node_snapshot`.
struct get_node_snapshot {};

/// The node as a whole.
struct node_snapshot {
  std::string version;
  std::string network;
  std::string user_agent;
  std::uint64_t pid = 0;
  double uptime = 0; ///< Seconds.
  std::vector<std::string> listening;
  peer_set_snapshot peers;
  std::uint64_t dials_in_flight = 0;
  std::uint64_t handshakes_in_flight = 0;
  std::uint64_t known_addresses = 0;
  std::uint64_t tried_addresses = 0; ///< Those that a connection of ours has reached.
  std::uint64_t bans = 0;            ///< In force.
  std::uint64_t bytes_received = 0;  ///< Since start, past peers included.
  std::uint64_t bytes_sent = 0;
  std::uint64_t actors = 0; ///< Running in this process.
  /// Failed dials and handshakes, by reason, since start.
  std::array<std::uint64_t, peer_exit_count + 1> failures{};
  bool can_serve = false; ///< At least one peer is ready.
  bool network_active = true;
  std::uint64_t first_event = 1; ///< The oldest kept number, and the next to come.
  std::uint64_t next_event = 1;
};

/// A user agent safe to show: the characters of a short list of printable ASCII, as nodes
/// of the network print them; all others are left out.
std::string sanitised(const std::string& user_agent);

/// The type of the connection, in Bitcoin Core's words: inbound, manual, feeler,
/// outbound-full-relay. (Feelers end before the set has them.)
std::string_view connection_type(const peer_snapshot& x);

nlohmann::json to_json(const peer_snapshot& x);
nlohmann::json to_json(const peer_snapshots& x);
nlohmann::json to_json(const node_snapshot& x);

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, peer_traffic& x) {
  return f(caf::meta::type_name("peerage.peer_traffic"), x.bytes_received, x.bytes_sent,
           x.messages_received, x.messages_sent, x.ignored);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, get_peer_snapshot&) {
  return f(caf::meta::type_name("peerage.get_peer_snapshot"));
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, peer_snapshot& x) {
  return f(caf::meta::type_name("peerage.peer_snapshot"), x.info, x.connected_since,
           x.last_received, x.last_sent, x.last_block, x.last_transaction, x.block_age,
           x.transaction_age, x.last_ping, x.lowest_ping, x.traffic, x.requests_in_flight,
           x.requests_queued, x.inbound_backlog, x.unsent_bytes, x.reading_paused,
           x.credit, x.received_by_command, x.sent_by_command, x.ping_wait, x.fee_filter,
           x.high_bandwidth_from, x.feeler, x.manual, x.ready);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, get_peer_group&) {
  return f(caf::meta::type_name("peerage.get_peer_group"));
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, peer_group& x) {
  return f(caf::meta::type_name("peerage.peer_group"), x.actors);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, get_peer_set_snapshot&) {
  return f(caf::meta::type_name("peerage.get_peer_set_snapshot"));
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, peer_set_snapshot& x) {
  return f(caf::meta::type_name("peerage.peer_set_snapshot"), x.total, x.ready, x.unready,
           x.inbound, x.outbound, x.ready_inbound, x.exits, x.outbound_requests);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, get_peer_snapshots&) {
  return f(caf::meta::type_name("peerage.get_peer_snapshots"));
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, peer_snapshots& x) {
  return f(caf::meta::type_name("peerage.peer_snapshots"), x.entries);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, get_node_snapshot&) {
  return f(caf::meta::type_name("peerage.get_node_snapshot"));
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_snapshot& x) {
  return f(caf::meta::type_name("peerage.node_snapshot"), x.version, x.network,
           x.user_agent, x.pid, x.uptime, x.listening, x.peers, x.dials_in_flight,
           x.handshakes_in_flight, x.known_addresses, x.tried_addresses, x.bans,
           x.bytes_received, x.bytes_sent, x.actors, x.failures, x.can_serve,
           x.network_active, x.first_event, x.next_event);
}

} // namespace peerage
