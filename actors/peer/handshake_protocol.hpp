// SPDX-License-Identifier: MIT
#pragma once

#include "actors/peer/peer_rules.hpp"
#include "actors/peer/traffic_so_far.hpp"
#include "messages/wire/frame_decoder.hpp"

#include <cstdint>
#include <optional>

namespace peerage {

/// The rules of the handshake, for either direction. No socket, no clock, no actor: takes
/// frames, and leaves messages in its outbox.
///
/// The dialing side sends version at once; the accepting side says nothing before the
/// remote's version, then version, wtxidrelay and sendaddrv2 (only to versions that know
/// them), verack. Between version and verack the remote may also state preferences
/// (sendheaders, sendcmpct). All else before its verack is counted and ignored.
class handshake_protocol {
public:
  handshake_protocol(peer_rules_ptr rules, peer_info info);

  /// Call once, before any frame.
  void start();

  /// Takes the next frame. Not to be called after `done` or a failure.
  void receive(const wire::frame& frame);

  /// The remote's verack is here: `info` is complete.
  bool done() const { return done_; }

  /// Why there will be no peer.
  const std::optional<peer_exit>& failure() const { return failure_; }

  /// What is known of the remote so far.
  const peer_info& info() const { return info_; }

  /// Whether any readable message has come.
  bool has_received() const { return traffic_.messages_received > 0; }

  /// The nonce of our version, once it is sent.
  std::uint64_t nonce() const { return nonce_; }

  /// Fills in what this class knows of a snapshot.
  void describe(peer_snapshot& out) const;

  /// Moves the counts out, for the CONNECTION that follows.
  traffic_so_far take_traffic() { return std::move(traffic_); }

  wire::outbox& outbox() { return traffic_.outbox; }

private:
  void count(ignored what) { ++traffic_.ignored[static_cast<std::size_t>(what)]; }
  void on_version(const wire::frame& frame);
  void on_sendcmpct(const wire::frame& frame);
  void send_version();
  void send_answer();

  peer_rules_ptr rules_;
  peer_info info_;
  traffic_so_far traffic_;
  std::uint64_t nonce_ = 0;
  std::optional<peer_exit> failure_;
  bool version_received_ = false;
  bool done_ = false;
};

} // namespace peerage
