// SPDX-License-Identifier: MIT
#pragma once

#include "actors/node/peer_manager.hpp"
#include "actors/peer/node_context.hpp"
#include "actors/status/status_server.hpp"
#include "app/option_values.hpp"
#include "messages/host_name.hpp"
#include "messages/wire/network.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace peerage {

enum class log_format : std::uint8_t { text, json };

/// The options of `peerage run`, checked.
struct run_options {
  const wire::network_parameters* network = nullptr;

  /// Not set: the network's usual port. Set and empty: nowhere.
  std::optional<std::vector<endpoint>> listen;
  std::vector<endpoint> connect;        ///< If there are any, no others are dialed.
  std::vector<host_name> connect_names; ///< Likewise.
  std::vector<added_peers::entry> add_peers;
  std::vector<subnet> shared_addresses; ///< Besides loopback.
  /// Not set: the default, or more if manual peers need more.
  std::optional<std::size_t> max_outbound;
  std::size_t max_inbound = peer_manager_options{}.max_inbound;
  std::size_t max_per_ip = peer_manager_options{}.max_per_ip;
  std::size_t max_per_subnet = peer_manager_options{}.max_per_subnet;

  bool dns_seeds = true;
  std::filesystem::path data_dir;
  std::vector<status_address> status;

  peer_timing timing;
  caf::timespan save_every = peer_manager_options{}.save_every;
  std::optional<std::uint64_t> seed;
  std::size_t swarm = 0; ///< In-process demonstration peers.

  std::vector<std::string> warnings; ///< For the log, once it is open.
  std::string log_level = "info";
  log_format logs = log_format::text;
};

/// Whether it dials only the peers that people name.
bool connects_only(const run_options& x);

/// Checks that concern several options, and sets what depends on others or on the system.
/// Returns what is wrong; empty: nothing.
std::string check_together(run_options& x);

/// ~/.peerage; empty if HOME is not set.
std::filesystem::path standard_data_dir();

/// What a person reads above the examples of `peerage run`, and these.
extern const char* const run_footer;

/// The group of options in the help where those of the node itself stand.
extern const char* const group_of_node_options;

} // namespace peerage
