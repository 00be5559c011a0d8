// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/actor_system_config.hpp"
#include "actors/interfaces/peer.hpp"
#include "actors/library/inbound_service.hpp"
#include "actors/library/requests.hpp"
#include "actors/peer/peer_rules.hpp"
#include "messages/dial_reach.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <memory>
#include <optional>
#include <string>

namespace peerage {

/// What the peers of a `peer_dialer` share.
struct peer_options {
  std::string network = "regtest"; ///< main, testnet, testnet4, signet or regtest.
  /// What may be dialed; empty: this machine and private networks on regtest, everything
  /// elsewhere.
  std::optional<dial_reach> reach{};
  local_identity identity{}; ///< What our version message says.
  peer_timing timing{};
  /// Answers the peers. Null: as a node that has nothing.
  inbound_service_actor service{};
};

/// Single peers, without a node around them: nobody counts, bans or looks for them. For
/// programs that are a peer manager of another kind.
///
/// ```
/// peerage::peer_dialer dialer{system, {}};
/// dialer.dial(place, sink); // sink: peerage::peer_sink
/// ```
class peer_dialer {
public:
  /// @param system Prepared by `register_messages`. Outlives this, and all peers must
  /// have
  ///        ended before this is destroyed: it owns their sockets.
  /// @throws std::invalid_argument if there is no such network.
  peer_dialer(caf::actor_system& system, const peer_options& options);
  peer_dialer(const peer_dialer&) = delete;
  peer_dialer& operator=(const peer_dialer&) = delete;
  ~peer_dialer();

  /// Opens TCP and shakes hands. `sink` gets exactly one `peer_ready`, with a client
  /// whose last handle is the peer's life, or one `peer_failed`. Deadlines are those of
  /// the options.
  /// @returns the attempt; an exit message ends it with its reason. It need not be held.
  caf::actor dial(const endpoint& to, const peer_sink& sink);

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace peerage
