// SPDX-License-Identifier: MIT
#pragma once

#include "actors/dialing/added_peers.hpp"
#include "actors/interfaces/node.hpp"
#include "actors/interfaces/storage.hpp"
#include "actors/peer/peer.hpp"
#include "actors/peer_set/peer_set.hpp"
#include "actors/transport/resolver.hpp"
#include "messages/subnet.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace peerage {

/// The options of a peer manager. Its starter opens the sockets, so that a port in use
/// shows before any actor runs.
struct peer_manager_options {
  std::vector<acceptor_ptr> acceptors;
  std::vector<endpoint> manual;          ///< Dialed again and again, without end.
  std::vector<host_name> names;          ///< These too, looked up for each dial.
  std::vector<added_peers::entry> added; ///< These too; people can list and remove them.
  /// Looks for peers beyond the manual ones, up to `max_outbound` in all.
  bool discover = false;
  std::shared_ptr<peerage::resolver> resolver; ///< Null: no names are looked up.
  bool ask_dns_seeds = true; ///< If there is a resolver, and peers are looked for.
  std::size_t max_outbound = 25;
  std::size_t max_inbound = 125;
  /// Peers of one address, and of one /24 or /64, handshakes included. Loopback is exempt
  /// on regtest, manual peers are everywhere.
  std::size_t max_per_ip = 1;
  std::size_t max_per_subnet = 2;
  /// The networks in which peers are looked for, as BIP 155 numbers them; empty: all.
  std::vector<std::uint8_t> networks;
  /// Addresses that stand for many, besides loopback: a proxy, a gateway. Points for
  /// misbehaviour are a connection's there, and lead to no ban.
  std::vector<subnet> shared;
  /// The folder of addresses, bans and the like; empty: nothing is kept.
  std::filesystem::path directory;
  /// Gets the counts of the set after every change; see peer_set_options.
  std::shared_ptr<published_counts> published;
  /// Logs single peers as debug: for one of many nodes in a process.
  bool quiet = false;
  /// Writes to the context's disk; null: a SAVER with a thread of its own is started, if
  /// there is a directory. Ends with the manager.
  saver_actor saver;
  /// Starts an EVENT_LOG, which `context` then has, and must not have before.
  bool keep_events = false;
  /// Told of peers as they come and go, besides the node's own actors.
  std::vector<peer_observer_actor> observers;
  /// How often changed state is saved, if there is a directory.
  caf::timespan save_every = std::chrono::seconds{60};
};

/// The root supervisor: starts everything that a node consists of, monitors all of it,
/// and ends it in order (sources of peers, then the peers, then shared owners, then the
/// saver) when it is told to exit or when one of them crashes. It quits when all of them
/// are gone, at the latest `stop_deadline` later, by force if it must. Its reason is that
/// of the stop or, if something could not be saved, the error. Dropping its last handle
/// ends everything, too, but at once and in no order.
struct peer_manager_state;
peer_manager_actor::behavior_type
peer_manager(peer_manager_actor::stateful_pointer<peer_manager_state> self,
             node_context_ptr context, peer_manager_options options);

/// Starts a PEER_MANAGER. `context` gets its alarm clock here if it has none.
peer_manager_actor start_peer_manager(caf::actor_system& system, node_context_ptr context,
                                      peer_manager_options options);

/// An ordered stop takes at most this long; the process promises 5 s.
inline constexpr std::chrono::seconds stop_deadline{4};

} // namespace peerage
