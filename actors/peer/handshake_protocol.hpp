#pragma once

#include "actors/peer/context.hpp"
#include "messages/wire/frame_decoder.hpp"

#include <array>
#include <cstdint>
#include <optional>

namespace peerage {

/// The rules of the handshake, for either direction. No socket, no clock, no actor: it is
/// handed frames and leaves messages in its outbox.
///
/// The dialing side sends version at once; the accepting side says nothing before the
/// remote's version, then version, wtxidrelay and sendaddrv2 (only to versions that know
/// them), verack. Whatever else comes before the remote's verack is counted and ignored.
class handshake_protocol {
public:
  handshake_protocol(peer_context_ptr context, peer_info info);

  /// Call once, before any frame.
  void start();

  /// Takes the next frame; nothing more after `done` or a failure.
  void receive(const wire::frame& frame);

  /// The remote's verack is here: `info` is complete.
  bool done() const { return done_; }

  /// Why there will be no peer.
  const std::optional<peer_exit>& failure() const { return failure_; }

  /// What is known of the remote so far.
  const peer_info& info() const { return info_; }

  /// What was ignored, by reason.
  const std::array<std::uint64_t, ignored_count>& ignored_messages() const {
    return ignored_;
  }

  wire::outbox& outbox() { return outbox_; }

private:
  void count(ignored what) { ++ignored_[static_cast<std::size_t>(what)]; }
  void on_version(const wire::frame& frame);
  void send_version();
  void send_answer();

  peer_context_ptr context_;
  peer_info info_;
  wire::outbox outbox_;
  std::array<std::uint64_t, ignored_count> ignored_{};
  std::optional<peer_exit> failure_;
  bool version_received_ = false;
  bool done_ = false;
};

} // namespace peerage
