// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/duration_histogram.hpp"
#include "actors/base/local_message.hpp"
#include "actors/base/node_clock.hpp"
#include "messages/checks/mutant.hpp"
#include "messages/dial_reach.hpp"
#include "messages/endpoint.hpp"
#include "messages/lifecycle.hpp"
#include "messages/wire/frame_decoder.hpp"

#include <caf/actor_control_block.hpp>
#include <caf/expected.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

/// Sockets behind one small interface: `asio_sockets` for real ones, `memory_sockets` in
/// tests. Nothing here is an actor; everything reports to one, its sink, which is held
/// weakly: a socket never keeps an actor alive.
namespace peerage {

/// TRANSPORT -> sink: the frames of one read. Uses up one read credit.
struct frame_batch {
  std::vector<wire::frame> frames; ///< Never empty.
};

/// TRANSPORT -> sink: nothing more will come; sent once, behind all batches.
struct transport_closed {
  peer_exit reason = peer_exit::remote_closed;
};

/// TRANSPORT -> sink: after `send` answered `congested`, the queue is short again.
struct transport_drained {};

/// Bytes of memory that unsent messages of a peer may hold before reading from it pauses,
/// and before it is ended; and unsent bytes below which reading goes on (the last buffer
/// may hold more memory).
inline constexpr std::size_t unsent_pause = 1 << 20;
inline constexpr std::size_t unsent_resume = 512 << 10;
inline constexpr std::size_t unsent_limit = 10 << 20;

/// True if a peer for which so many bytes are held is to be ended.
inline bool is_over_unsent_limit(std::size_t held) {
  return held > unsent_limit && !is_on(mutant::unsent_limit_missing);
}

/// The reason to end a peer whose byte stream cannot be read further.
inline peer_exit exit_of(wire::frame_error error) {
  return error == wire::frame_error::wrong_magic ? peer_exit::wrong_magic
                                                 : peer_exit::oversized_message;
}

/// Batches that may be under way to a connection: while it works on one, the next is
/// read.
inline constexpr std::size_t batches_ahead = 2;

/// Bytes that went over one connection so far, whole messages or not.
struct transport_traffic {
  std::uint64_t received = 0; ///< Read from the socket.
  std::uint64_t sent = 0;     ///< Taken by the socket.
  /// The times of the last ones, in Unix seconds by the wall clock of that moment; 0:
  /// none yet.
  double last_received = 0;
  double last_sent = 0;
};

/// Bytes of one connection that the system holds at this moment.
struct transport_backlog {
  std::uint64_t unread = 0;      ///< Arrived, and not read yet.
  std::uint64_t undelivered = 0; ///< Sent, but not confirmed by the remote's system.
};

/// One open connection of either direction. Calls may come from any one thread at a time.
/// Destroying the last reference closes the connection.
class transport {
public:
  virtual ~transport() = default;

  virtual endpoint remote() const = 0;
  virtual endpoint local() const = 0;

  /// Sets the receiver of batches and events from now on. Held weakly.
  virtual void set_sink(const caf::strong_actor_ptr& sink) = 0;

  /// Read credit for one batch. Nothing is read without it.
  virtual void grant() = 0;

  /// The handshake is over: lifts the small payload limit, and grants credit for
  /// `batches_ahead` batches. Until this call no batch reaches behind the remote's
  /// verack.
  virtual void finish_handshake() = 0;

  /// The result of `send`.
  enum class send_result {
    accepted,  ///< Sent or queued.
    congested, ///< Queued, and more than `unsent_pause` is held. `transport_drained` will
               ///< follow.
    overflow,  ///< More than `unsent_limit` is held: the peer is to be ended.
  };

  /// Sends all slices in order, with as few system calls as possible.
  virtual send_result send(std::vector<wire::slice> slices) = 0;

  /// Memory held by accepted bytes that the socket has not taken: whole buffers, and the
  /// cost of keeping them.
  virtual std::size_t unsent_bytes() const = 0;

  virtual transport_traffic traffic() const = 0;

  /// Costs a system call: not for every message.
  virtual transport_backlog backlog() const = 0;
};

using transport_ptr = std::shared_ptr<transport>;

/// ACCEPTOR -> sink. Uses up one accept credit.
struct accepted {
  transport_ptr connection;
  std::size_t acceptor = 0; ///< The token given to `start`.
};

/// ACCEPTOR -> sink: the process has no descriptor (or memory) for the next connection.
/// The acceptor tries again by itself after a pause, and sends this again if that fails,
/// too.
struct out_of_descriptors {};

/// SOCKETS -> sink: how a `connect` ended.
struct connected {
  transport_ptr connection;
};
struct connect_failed {
  peer_exit reason = peer_exit::connect_failed;
};

/// A listening socket; destroying it closes it.
class acceptor {
public:
  virtual ~acceptor() = default;
  virtual endpoint local() const = 0;
  /// Delivers connections to `sink`, `credit` of them until `grant` gives more. `token`
  /// comes back in each.
  virtual void start(const caf::strong_actor_ptr& sink, std::size_t token,
                     std::size_t credit) = 0;
  virtual void grant(std::size_t credit) = 0;
};

using acceptor_ptr = std::shared_ptr<acceptor>;

/// Bytes that went through all transports of one provider, ended ones included.
struct traffic_totals {
  std::atomic<std::uint64_t> received{0};
  std::atomic<std::uint64_t> sent{0};
};

/// Where connections come from. Every dial of a node goes through its `connect`, the one
/// gate that nothing beyond the node's reach passes, whoever asks.
class socket_provider {
public:
  explicit socket_provider(dial_reach reach) : reach_(reach) {}
  virtual ~socket_provider() = default;

  dial_reach reach() const { return reach_; }

  /// Opens TCP to `to`; `sink` gets `connected` or `connect_failed`, unless the returned
  /// token is destroyed first, which abandons the attempt. Has no deadline. An address
  /// beyond `reach` fails as `out_of_reach`, before any socket is opened.
  std::shared_ptr<void> connect(const endpoint& to, std::uint32_t magic,
                                const caf::strong_actor_ptr& sink);

  /// Binds and listens at once; the error is a text for people.
  virtual acceptor_ptr listen(const endpoint& at, std::uint32_t magic,
                              std::string& error) = 0;

  /// Takes over a socket that somebody else has opened, and that listens already; the
  /// error is a text for people. On success the descriptor belongs to the acceptor. The
  /// providers of tests have none to take over.
  virtual acceptor_ptr adopt(int descriptor, std::uint32_t magic, std::string& error);

  const traffic_totals& totals() const { return *totals_; }

  /// How late the I/O threads look at a timer; no observations if there are none.
  const duration_histogram& loop_lag() const { return *loop_lag_; }

  /// Sets another wall clock than the system's, as for virtual time. Call it before the
  /// first connection.
  void set_clock(node_clock clock) { *clock_ = std::move(clock); }

protected:
  /// The same, for addresses within `reach`.
  virtual std::shared_ptr<void> open_connection(const endpoint& to, std::uint32_t magic,
                                                const caf::strong_actor_ptr& sink) = 0;

  std::shared_ptr<traffic_totals> totals_ = std::make_shared<traffic_totals>();
  std::shared_ptr<node_clock> clock_ = std::make_shared<node_clock>();
  std::shared_ptr<duration_histogram> loop_lag_ = std::make_shared<duration_histogram>();

private:
  dial_reach reach_;
};

} // namespace peerage

PEERAGE_LOCAL_MESSAGE(peerage::frame_batch)
PEERAGE_LOCAL_MESSAGE(peerage::transport_closed)
PEERAGE_LOCAL_MESSAGE(peerage::transport_drained)
PEERAGE_LOCAL_MESSAGE(peerage::accepted)
PEERAGE_LOCAL_MESSAGE(peerage::out_of_descriptors)
PEERAGE_LOCAL_MESSAGE(peerage::connected)
PEERAGE_LOCAL_MESSAGE(peerage::connect_failed)
