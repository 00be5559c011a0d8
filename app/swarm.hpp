// SPDX-License-Identifier: MIT
#pragma once

#include "actors/chain/regtest_chain.hpp"
#include "actors/node/peer_manager.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace peerage {

/// The demonstration: small regtest nodes inside this process, each with its own loopback
/// address, its own nonces and the same chain to serve. They do not dial.
class swarm {
public:
  /// Binds `count` addresses, 127.1.x.y with the network's port or, where that is taken,
  /// any; null, with a text for people, if that fails.
  static std::unique_ptr<swarm> open(std::size_t count,
                                     std::shared_ptr<const regtest_chain> chain,
                                     std::optional<std::uint64_t> seed,
                                     std::string& error);

  swarm(const swarm&) = delete;
  swarm& operator=(const swarm&) = delete;
  ~swarm();

  const std::vector<endpoint>& endpoints() const { return endpoints_; }

  /// Starts the nodes; `on_end` is called once for each of them, from any thread, when it
  /// has ended.
  void start(caf::actor_system& system, const std::function<void()>& on_end);

  /// Tells all of them to end. May be repeated.
  void stop();

private:
  struct node;
  swarm();

  std::shared_ptr<socket_provider> sockets_; ///< Apart from the node's own, which counts.
  std::shared_ptr<const regtest_chain> chain_;
  std::vector<endpoint> endpoints_;
  std::vector<node> nodes_;
};

} // namespace peerage
