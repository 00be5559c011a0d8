// SPDX-License-Identifier: MIT
#pragma once

#include "actors/chain/chain_service.hpp"
#include "actors/status/status_server.hpp"
#include "actors/storage/data_directory.hpp"
#include "actors/transport/transport.hpp"
#include "app/config.hpp"
#include "app/handed_sockets.hpp"
#include "app/swarm.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace peerage {

/// All that a node takes from the system before any actor runs. Members are destroyed in
/// reverse order, the sockets last.
struct node_resources {
  std::unique_ptr<data_directory> data;
  std::shared_ptr<socket_provider> sockets;
  std::vector<acceptor_ptr> acceptors;
  std::shared_ptr<status_server> status;
  std::shared_ptr<rpc_cookie> cookie;         ///< Null without a status socket.
  std::shared_ptr<const regtest_chain> chain; ///< Null without a swarm.
  std::unique_ptr<peerage::swarm> swarm;
};

/// Takes the data directory, and opens all sockets; those in `handed` are taken over, and
/// not opened again. With one for peers, the usual places to listen are left to it.
/// @throws start_error for the first that cannot be had.
node_resources open_node_resources(const run_options& options,
                                   const handed_sockets& handed);

/// Where a node with these options accepts peers.
std::vector<endpoint> places_to_listen(const run_options& options);

/// How many peers it dials.
std::size_t outbound_limit(const run_options& options);

} // namespace peerage
