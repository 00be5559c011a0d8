// SPDX-License-Identifier: MIT
#pragma once

#include "actors/interfaces/peer.hpp"

#include <caf/actor_addr.hpp>

#include <optional>

namespace peerage {

/// The one result of a dial or handshake. Destroying it without a result (a crash, a
/// stop) sends `peer_failed`: the sink always gets a result.
class peer_outcome {
public:
  peer_outcome(caf::actor_addr sink, const endpoint& remote, peer_direction direction,
               peer_id id);
  peer_outcome(const peer_outcome&) = delete;
  peer_outcome& operator=(const peer_outcome&) = delete;
  ~peer_outcome();

  /// Gives the client away. If the sink is gone, the client is dropped, and the peer
  /// ends.
  void ready(peer_ready result);
  /// @param misbehaviour To be reported to BAN_MANAGER.
  void fail(peer_exit reason, std::optional<peerage::misbehaviour> misbehaviour = {});

  peer_direction direction() const { return direction_; }
  peer_id id() const { return id_; }

private:
  caf::actor_addr sink_;
  endpoint remote_;
  peer_direction direction_;
  peer_id id_;
  bool given_ = false;
};

using peer_outcome_ptr = std::shared_ptr<peer_outcome>;

} // namespace peerage
