// SPDX-License-Identifier: MIT
#pragma once

#include "actors/node/peer_manager.hpp"
#include "actors/peer/node_context.hpp"
#include "actors/status/status_server.hpp"
#include "app/option_values.hpp"
#include "messages/dial_reach.hpp"
#include "messages/host_name.hpp"
#include "messages/wire/network.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace peerage {

enum class log_format : std::uint8_t { text, json, journal };

/// The options of `peerage run`, checked.
struct run_options {
  const wire::network_parameters* network = nullptr;

  /// Not set: the network's usual port. Set and empty: nowhere.
  std::optional<std::vector<endpoint>> listen;
  std::vector<endpoint> connect;        ///< If there are any, no others are dialed.
  std::vector<host_name> connect_names; ///< Likewise.
  std::vector<added_peers::entry> add_peers;
  std::vector<std::uint8_t> only_networks; ///< To look for peers in; empty: all.
  std::vector<subnet> shared_addresses;    ///< Besides loopback.
  /// Not set: the default, or more if manual peers need more.
  std::optional<std::size_t> max_outbound;
  std::size_t max_inbound = peer_manager_options{}.max_inbound;
  std::size_t max_per_ip = peer_manager_options{}.max_per_ip;
  std::size_t max_per_subnet = peer_manager_options{}.max_per_subnet;

  bool dns_seeds = true;
  bool allow_public = false; ///< For regtest, which stays at home without it.
  std::filesystem::path data_dir;
  std::vector<status_address> status;
  std::vector<status_address> metrics;    ///< Of any network: see status_server.
  std::vector<std::string> allowed_hosts; ///< Names of this machine, for `Host`.

  peer_timing timing;
  caf::timespan save_every = peer_manager_options{}.save_every;
  std::optional<std::uint64_t> seed;
  std::size_t swarm = 0; ///< In-process demonstration peers.

  std::vector<std::string> warnings; ///< For the log, once it is open.
  std::string log_level = "info";
  std::optional<log_format> logs; ///< Not set: text, or what stderr takes best.
  std::filesystem::path log_file; ///< Empty: stderr.

  bool stop_at_eof = false; ///< A stop in order when standard input ends.

  /// Reads the same sources again, with the configuration file as it is by then.
  std::function<std::variant<run_options, early_exit>()> read_again;
};

/// The addresses that a node with these options dials and tells of.
dial_reach reach_of(const run_options& x);

/// Whether it dials only the peers that people name.
bool connects_only(const run_options& x);

/// Checks that concern several options, and sets what depends on others or on the system.
/// Returns what is wrong; empty: nothing.
std::string check_together(run_options& x);

/// ~/.peerage, or the state directory of a service of systemd; empty if HOME is not set.
std::filesystem::path standard_data_dir();

/// What a person reads above the examples of `peerage run`, and these.
extern const char* const run_footer;

/// The group of options in the help where those of the node itself stand.
extern const char* const group_of_node_options;

} // namespace peerage
