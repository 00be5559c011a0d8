#pragma once

#include "actors/interfaces/peer.hpp"

#include <caf/actor_addr.hpp>

#include <optional>

namespace peerage {

/// The one result of a dial or handshake. Whoever destroys it without having given one
/// (a crash, a stop) has given `peer_failed`: whoever counts on a result gets it.
class peer_outcome {
public:
  peer_outcome(caf::actor_addr sink, const endpoint& remote, peer_direction direction,
               peer_id id);
  peer_outcome(const peer_outcome&) = delete;
  peer_outcome& operator=(const peer_outcome&) = delete;
  ~peer_outcome();

  /// Gives the client away. If nobody is there to take it, it is dropped, and with it the
  /// peer.
  void ready(peer_ready result);
  /// @param misbehaviour What BAN_MANAGER has to know.
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
