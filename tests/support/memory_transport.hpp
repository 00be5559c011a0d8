// SPDX-License-Identifier: MIT
#pragma once

#include "actors/transport/transport.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

/// The two ends of a connection inside this process: a TRANSPORT of a node, and a remote
/// that a test plays. No threads, no descriptors, no time: every effect happens inside
/// the call that causes it. For one thread only.
namespace peerage {

/// One end of an in-memory connection.
class memory_end {
public:
  virtual ~memory_end() = default;
  /// Offers bytes; returns how many were taken. The rest is offered again by `flush`.
  virtual std::size_t take(wire::bytes_view bytes) = 0;
  /// The other end closed.
  virtual void on_closed() = 0;
  /// The connection was reset: nothing more will come, and what was not read is lost.
  virtual void on_reset() { on_closed(); }
  /// The other end has room again.
  virtual void flush() = 0;
  /// Whether somebody has begun to use it: not while it waits in an acceptor.
  virtual bool is_used() const { return true; }
  /// Memory that the connection holds on this side, in bytes.
  virtual std::size_t held() const { return 0; }
  /// Of that, what is taken for a message that has not arrived whole.
  virtual std::size_t held_for_partial() const { return 0; }

  std::weak_ptr<memory_end> other; ///< Set by the maker of the pair.
};

/// The end that a test plays by hand.
class memory_remote : public memory_end {
public:
  /// Sends bytes, as one segment.
  void send(wire::bytes_view bytes);
  void send(const std::vector<std::byte>& bytes) { send(wire::bytes_view{bytes}); }
  /// Closes; the other side reads what is left, then the end of the stream.
  void close();
  /// Stops reading: bytes stay with their sender.
  void stop_reading() { reading_ = false; }
  void resume_reading();
  /// All that was received since the last call.
  std::vector<std::byte> take_received();
  /// The other side closed.
  bool closed_by_peer() const { return closed_by_peer_; }

  std::size_t take(wire::bytes_view bytes) override;
  void on_closed() override { closed_by_peer_ = true; }
  void flush() override;

private:
  std::vector<std::byte> received_;
  std::vector<std::byte> unsent_;
  bool reading_ = true;
  bool closed_ = false;
  bool closed_by_peer_ = false;
};

using memory_remote_ptr = std::shared_ptr<memory_remote>;

/// What the connections of one host share.
struct memory_host {
  std::shared_ptr<traffic_totals> totals;
  std::shared_ptr<const node_clock> clock;
  std::shared_ptr<std::size_t> open; ///< Connections that exist now.
};

/// A TRANSPORT, and its end towards the other side, which it owns.
struct memory_transport_parts {
  transport_ptr connection;
  std::shared_ptr<memory_end> end;
};
memory_transport_parts make_memory_transport(std::uint32_t magic, const endpoint& remote,
                                             const endpoint& local,
                                             const memory_host& host);

} // namespace peerage
