// SPDX-License-Identifier: MIT
#pragma once

#include "actors/node/peer_manager.hpp"
#include "actors/peer/node_context.hpp"
#include "actors/status/status_server.hpp"
#include "app/option_values.hpp"
#include "messages/dial_reach.hpp"
#include "messages/wire/network.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace CLI {
class App;
}

namespace peerage {

enum class log_format : std::uint8_t { text, json };

/// The options of `peerage run`, from command line and configuration file, checked.
struct run_options {
  const wire::network_parameters* network = nullptr;

  /// Not set: the network's usual port. Set and empty: nowhere.
  std::optional<std::vector<endpoint>> listen;
  std::vector<endpoint> connect; ///< If there are any, no others are dialed.
  std::vector<added_peers::entry> add_peers;
  std::vector<subnet> shared_addresses; ///< Besides loopback.
  /// Not set: the default, or more if manual peers need more.
  std::optional<std::size_t> max_outbound;
  std::size_t max_inbound = peer_manager_options{}.max_inbound;
  std::size_t max_per_ip = peer_manager_options{}.max_per_ip;
  std::size_t max_per_subnet = peer_manager_options{}.max_per_subnet;

  bool dns_seeds = true;
  bool allow_public = false; ///< For regtest, which stays at home without it.
  std::filesystem::path data_dir;
  std::vector<status_address> status;

  peer_timing timing;
  caf::timespan save_every = peer_manager_options{}.save_every;
  std::optional<std::uint64_t> seed;
  std::size_t swarm = 0;    ///< In-process demonstration peers.
  bool stop_at_eof = false; ///< Stops when standard input ends.

  std::vector<std::string> warnings; ///< For the log, once it is open.
  std::string log_level = "info";
  log_format logs = log_format::text;
  std::filesystem::path log_file; ///< Empty: stderr.

  std::vector<status_address> metrics;    ///< Of any network: see status_server.
  std::vector<std::string> allowed_hosts; ///< Names of this machine, for `Host`.

  /// Reads the same command line again, with the configuration file as it is by then.
  std::function<std::variant<run_options, early_exit>()> read_again;
};

/// The addresses that a node with these options dials and tells of.
dial_reach reach_of(const run_options& x);

/// The command line of `peerage run`, and the file that `--config` names.
class run_arguments {
public:
  using given_values = std::map<std::string, std::vector<std::string>>;

  /// Adds the command to `app`, which writes into this object when it parses.
  explicit run_arguments(CLI::App& app);
  run_arguments(const run_arguments&) = delete;
  run_arguments& operator=(const run_arguments&) = delete;

  /// Whether this is the command that was given; also if its options are wrong.
  bool given() const;

  /// The options. To be called after `app` has parsed. Every error names the option and
  /// the value.
  std::variant<run_options, early_exit> read() const;

private:
  CLI::App* command_ = nullptr;
  given_values from_arguments_;
  std::string config_path_;
};

} // namespace peerage
