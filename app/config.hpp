#pragma once

#include "actors/peer/context.hpp"
#include "actors/peer_manager.hpp"
#include "actors/status/status_server.hpp"
#include "messages/wire/network.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace peerage {

enum class log_format : std::uint8_t { text, json };

/// What `peerage run` was told, by command line and configuration file, checked.
struct run_options {
  const wire::network_parameters* network = nullptr;

  /// Not set: the network's usual port. Set and empty: nowhere.
  std::optional<std::vector<endpoint>> listen;
  std::vector<endpoint> connect; ///< If any, these alone.
  std::vector<endpoint> add_peers;
  /// Not set: the default, or more if pinned peers need more.
  std::optional<std::size_t> max_outbound;
  std::size_t max_inbound = peer_manager_options{}.max_inbound;
  std::size_t max_per_ip = peer_manager_options{}.max_per_ip;
  std::size_t max_per_neighbourhood = peer_manager_options{}.max_per_neighbourhood;

  bool dns_seeds = true;
  std::filesystem::path data_dir;
  std::vector<status_address> status;

  peer_timing timing;
  caf::timespan save_every = peer_manager_options{}.save_every;
  std::optional<std::uint64_t> seed;
  std::size_t swarm = 0; ///< In-process demonstration peers.

  std::string log_level = "info";
  log_format logs = log_format::text;
};

/// The program has nothing more to do: print `text`, exit with `status`.
struct early_exit {
  int status = 0;
  std::string text; ///< To stdout if `status` is 0, else one line for stderr.
};

/// Reads the command line, and the file that `--config` names. Every error names the
/// option and the value. The only place that looks at arguments and environment.
std::variant<run_options, early_exit> parse_command_line(int argc, char** argv);

} // namespace peerage
