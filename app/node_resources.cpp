// SPDX-License-Identifier: MIT
#include "app/node_resources.hpp"

#include "actors/transport/asio_sockets.hpp"
#include "app/start_error.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

namespace peerage {

namespace {

/// Blocks of the demonstration's chain: enough for several getblocks, made in no time.
constexpr std::size_t swarm_chain_height = 1'200;

bool has_ipv6() {
  const int tried = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (tried < 0)
    return errno != EAFNOSUPPORT;
  ::close(tried);
  return true;
}

/// Whether an address is one of those of a family that this system may lack, and that
/// no option has named.
bool may_be_left_out(const run_options& options, const endpoint& at) {
  return !options.listen && !at.is_ipv4() && !has_ipv6();
}

/// What is wrong with a socket that was handed over.
start_error wrong_socket(const std::string& name, const std::string& error) {
  return start_error("the " + name + " socket of the service manager: " + error);
}

/// @throws start_error for the first address that cannot be had.
std::vector<acceptor_ptr> open_acceptors(const run_options& options,
                                         const std::vector<int>& handed,
                                         socket_provider& sockets) {
  std::vector<acceptor_ptr> result;
  std::string error;
  if (!handed.empty() && options.listen && options.listen->empty())
    throw start_error("--listen none: the service manager hands over a p2p socket; "
                      "disable its unit, or the option");
  for (auto descriptor : handed) {
    result.push_back(sockets.adopt(descriptor, options.network->magic, error));
    if (!result.back())
      throw wrong_socket("p2p", error);
  }
  if (!handed.empty() && !options.listen)
    return result;
  for (const auto& at : places_to_listen(options)) {
    const bool is_there = std::ranges::any_of(
      result, [&at](const acceptor_ptr& x) { return x->local() == at; });
    if (is_there || may_be_left_out(options, at))
      continue;
    auto acceptor = sockets.listen(at, options.network->magic, error);
    if (!acceptor)
      throw start_error("--listen " + to_string(at) + ": " + error);
    result.push_back(std::move(acceptor));
  }
  return result;
}

/// @throws start_error for the first address that cannot be had.
std::shared_ptr<status_server> open_status(const run_options& options,
                                           const handed_sockets& handed) {
  auto result = std::make_shared<status_server>();
  std::string error;
  const host_rules local{options.allowed_hosts, false};
  const host_rules of_networks{options.allowed_hosts, true};
  auto is_among = [](const std::vector<std::string>& urls, const status_address& at) {
    return std::ranges::count(urls, url_of(at)) > 0;
  };
  for (auto descriptor : handed.status)
    if (!result->adopt(descriptor, local, error))
      throw wrong_socket("status", error);
  for (auto descriptor : handed.metrics)
    if (!result->adopt_for_metrics(descriptor, of_networks, error))
      throw wrong_socket("metrics", error);
  const auto status_there = result->urls();
  for (const auto& at : options.status)
    if (!is_among(status_there, at) && !result->listen(at, local, error))
      throw start_error("--status: " + error);
  const auto metrics_there = result->metrics_urls();
  for (const auto& at : options.metrics)
    if (!is_among(metrics_there, at) &&
        !result->listen_for_metrics(at, of_networks, error))
      throw start_error("--metrics: " + error);
  return result;
}

} // namespace

std::vector<endpoint> places_to_listen(const run_options& options) {
  if (options.listen)
    return *options.listen;
  if (connects_only(options))
    return {}; // as in other nodes: with --connect, strangers are not wanted
  auto port = options.network->port;
  if (options.network->id == wire::network::regtest)
    return {ipv4_endpoint(127, 0, 0, 1, port)};
  endpoint any_ipv6; // ::
  any_ipv6.port = port;
  return {ipv4_endpoint(0, 0, 0, 0, port), any_ipv6};
}

std::size_t outbound_limit(const run_options& options) {
  return options.max_outbound.value_or(
    std::max(peer_manager_options{}.max_outbound,
             options.connect.size() + options.connect_names.size() + options.swarm +
               options.add_peers.size()));
}

node_resources open_node_resources(const run_options& options,
                                   const handed_sockets& handed) {
  node_resources result;
  std::string error;
  result.data = data_directory::open(options.data_dir, *options.network, error);
  if (!result.data)
    throw start_error("--data-dir " + options.data_dir.string() + ": " + error);
  result.sockets = make_asio_sockets(reach_of(options));
  result.acceptors = open_acceptors(options, handed.p2p, *result.sockets);
  result.status = open_status(options, handed);
  if (!result.status->urls().empty()) {
    result.cookie = rpc_cookie::create(result.data->path() / ".cookie", error);
    if (!result.cookie)
      throw start_error("--data-dir " + options.data_dir.string() + ": " + error);
  }
  if (options.swarm == 0)
    return result;
  result.chain = regtest_chain::generate(swarm_chain_height, options.seed.value_or(1));
  result.swarm = swarm::open(options.swarm, result.chain, options.seed, error);
  if (!result.swarm)
    throw start_error("--swarm " + std::to_string(options.swarm) + ": " + error);
  return result;
}

} // namespace peerage
