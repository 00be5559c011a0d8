// SPDX-License-Identifier: MIT
#pragma once

#include "tests/bench/load/options.hpp"
#include "tests/bench/load/ping_ring.hpp"
#include "tests/bench/program.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace bench {

using steady = std::chrono::steady_clock;

inline constexpr seconds warm_up = std::chrono::milliseconds{300};
/// So that no backlog of the server overflows.
inline constexpr std::size_t most_opening = 64;

enum class stage : std::uint8_t {
  connecting,
  wait_for_version,
  wait_for_verack,
  ready,
  closed
};

/// One connection to the server.
struct peer {
  int descriptor = -1;
  stage at = stage::connecting;
  std::uint32_t watched = 0;
  bool inside_message = false; ///< A load is half way through a message of its own.
  bytes incomplete;            ///< The beginning of a message.
  bytes unsent;
  std::size_t next_ping = 0;
  std::size_t next_pong = 0;
  std::size_t outstanding = 0; ///< Pings without a pong.
  std::uint64_t pongs = 0;
  std::size_t unit_sent = 0; ///< For `throughput`: bytes of the current unit.
};

inline steady::duration to_steady(seconds value) {
  return std::chrono::duration_cast<steady::duration>(value);
}

/// Connects, shakes hands, pings; a derived class decides when and how much.
class load {
public:
  explicit load(const options& given);

  load(const load&) = delete;
  load& operator=(const load&) = delete;

  virtual ~load();

  /// Does the measurement and returns its line of JSON.
  virtual std::string run() = 0;

protected:
  /// Their verack is here, and ours is on its way.
  virtual void on_ready(peer& remote) = 0;

  /// The server has answered this many more pings, in order.
  virtual void on_pongs(peer& remote, std::size_t count) = 0;

  /// There is room to send, and nothing left in `unsent`.
  virtual void on_writable(peer&) {}

  /// Something, or the end, is to be read on stdin, which a load has asked to watch.
  virtual void on_input() {}

  /// The connection is of no use any more.
  virtual void on_failure(peer&, const std::string& why) { throw server_problem(why); }

  void open();

  /// Closes now, frees at the end of the batch.
  void close(peer& remote);

  /// Sends now what fits and the rest later. Bytes of a whole message only.
  void send(peer& remote, std::span<const byte> data);

  void ping(peer& remote, std::size_t count);

  /// Returns whether nothing is left to send.
  bool flush(peer& remote);

  void watch(peer& remote, std::uint32_t what);

  void watch_input();

  /// Handles what happens until `until`, at most one batch of it.
  void step(steady::time_point until);

  /// Steps for as long as this takes.
  void run_until(steady::time_point until);

  /// Pongs per second while measuring, after the time to warm up.
  double measure_pings();

  /// Opens this many connections more and waits until all are ready.
  void open_all(std::size_t wanted, std::size_t most_in_flight);

  const options& given_;
  ping_ring ring_;
  bytes handshake_reply_;
  std::size_t pings_in_handshake_ = 0; ///< How many `handshake_reply_` ends with.
  std::size_t ready_count_ = 0;
  std::uint64_t pong_count_ = 0;
  steady::time_point now_ = steady::now();   ///< When the last batch began.
  steady::time_point last_bytes_ = now_;     ///< When the server last said something.
  std::vector<std::unique_ptr<peer>> peers_; ///< By descriptor.

private:
  void choose_source(int descriptor);

  std::size_t send_some(peer& remote, std::span<const byte> data);

  void on_event(peer& remote, std::uint32_t events);

  void on_connected(peer& remote);

  void read_once(peer& remote);

  /// Returns how many bytes belong to whole messages.
  std::size_t consume(peer& remote, std::span<const byte> data);

  void handle(peer& remote, std::span<const byte> message);

  int epoll_ = -1;
  std::uint32_t source_counter_ = 0;
  std::unique_ptr<byte[]> read_buffer_;
  std::vector<std::unique_ptr<peer>> closed_;
};

} // namespace bench
