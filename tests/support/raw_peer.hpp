// SPDX-License-Identifier: MIT
#pragma once

#include "messages/endpoint.hpp"
#include "messages/wire/envelope.hpp"
#include "messages/wire/network.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// A remote over a real socket, played by the test: no actor, no thread, and no clock of
/// the project. Every wait is a poll with a deadline.
namespace peerage::test {

using namespace std::chrono_literals;

using wall_clock = std::chrono::steady_clock;
using deadline = wall_clock::time_point;

/// Generous, because it is only reached by a failing test.
inline constexpr std::chrono::seconds patience{5};

inline deadline in(wall_clock::duration duration) {
  return wall_clock::now() + duration;
}

using byte_vector = std::vector<std::byte>;

/// A message as it stood on the wire.
struct raw_message {
  std::string command;
  byte_vector payload;

  /// The payload decoded by the project's codec; throws where that fails.
  wire::message decoded() const;
};

/// How far a stream of bytes has come.
enum class stream_end : std::uint8_t { open, end_of_file, reset };

/// The version message of a remote.
struct raw_identity {
  std::int32_t protocol = 70016;
  std::uint64_t services = wire::node_network | wire::node_witness;
  std::uint64_t nonce = 0x7261772d70656572;
  std::string user_agent = "/raw:1.0/";
  std::int32_t start_height = 7;
  bool relay = true;
  bool features =
    true; ///< Sends wtxidrelay and sendaddrv2, as versions from 70016 on do.

  wire::version version() const;
};

/// A descriptor that closes itself.
class unique_fd {
public:
  explicit unique_fd(int fd = -1) : fd_(fd) {}
  unique_fd(unique_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  unique_fd& operator=(unique_fd&& other) noexcept;
  ~unique_fd() { reset(); }

  int get() const { return fd_; }
  void reset();

private:
  int fd_;
};

class raw_peer {
public:
  /// Connects; throws if that takes longer than the deadline.
  /// @param from A loopback address to come from; its port may be 0.
  static raw_peer connect(const endpoint& to,
                          const endpoint& from = ipv4_endpoint(127, 0, 0, 1, 0),
                          deadline until = in(patience));

  explicit raw_peer(unique_fd socket);

  endpoint local() const;

  // -- sending -------------------------------------------------------------------------

  /// Sends everything, reading meanwhile unless `stop_reading`; throws at the deadline.
  void send(const byte_vector& bytes, deadline until = in(patience));
  void send(const wire::message& x) { send(encoded(x)); }
  /// One byte per segment.
  void send_bytewise(const byte_vector& bytes);
  /// Sends as much as the other side takes until the deadline; returns how much that was.
  std::size_t send_some(const byte_vector& bytes, deadline until);

  /// A message of the network this peer speaks, regtest if nothing else is set.
  byte_vector encoded(const wire::message& x) const { return wire::encode(magic, x); }

  // -- receiving -----------------------------------------------------------------------

  /// The next message, or nothing by the deadline or the end of the stream. Pings are
  /// counted; with `answers_pings` they are answered, and not returned.
  std::optional<raw_message> read_message(deadline until = in(patience));
  /// Skips to the next message with this command; throws if there is none in time.
  raw_message expect(const std::string& command, deadline until = in(patience));
  /// Reads and drops everything until the stream ends or the deadline comes.
  stream_end read_end(deadline until = in(patience));

  void stop_reading() { reading_ = false; }
  void resume_reading() { reading_ = true; }
  /// Small socket buffers, so that little hides in the kernel. Before traffic.
  void shrink_buffers(int bytes);

  // -- handshakes ----------------------------------------------------------------------

  /// The dialing side's part, to the end; throws if the other side does not play along.
  /// Returns the other side's version.
  wire::version shake_hands(const raw_identity& us = {});
  /// This side's handshake in one piece: version, features, verack.
  byte_vector handshake_bytes(const raw_identity& us = {}) const;
  /// The accepting side's part.
  wire::version answer_handshake(const raw_identity& us = {});

  /// Sends a ping and waits for its pong: everything sent before has been acted upon.
  void round_trip();

  // -- ending --------------------------------------------------------------------------

  /// Ends our side of the stream; the other direction stays open.
  void finish_sending();
  void close() { socket_.reset(); }
  /// Closes with a reset.
  void abort();

  std::uint32_t magic = wire::parameters(wire::network::regtest).magic;
  bool answers_pings = true;
  std::size_t pings = 0; ///< Received so far.

private:
  /// Waits for the socket and moves bytes; false at the deadline.
  bool pump(deadline until, bool want_write);
  void receive_available();
  std::optional<raw_message> take_message();

  unique_fd socket_;
  bool reading_ = true;
  stream_end end_ = stream_end::open;
  byte_vector received_;
  std::size_t consumed_ = 0; ///< Of `received_`.
  std::uint64_t next_nonce_ = 1;
};

/// A listening socket, played by the test.
class raw_listener {
public:
  /// @param backlog With 0, `fill` makes it a black hole.
  explicit raw_listener(int backlog = 128);

  endpoint local() const { return local_; }
  raw_peer accept(deadline until = in(patience));
  /// Takes up all places of the backlog: further dials hear nothing.
  void fill();

private:
  unique_fd socket_;
  endpoint local_;
  std::vector<unique_fd> fillers_;
};

/// A message whose envelope is written field by field, right or wrong.
struct raw_envelope {
  std::uint32_t magic = wire::parameters(wire::network::regtest).magic;
  std::string command;
  byte_vector payload = {};
  std::optional<std::uint32_t> length = {};   ///< Announced; by default the true one.
  std::optional<std::uint32_t> checksum = {}; ///< By default the right one.

  byte_vector bytes() const;
};

void append(byte_vector& to, const byte_vector& bytes);

} // namespace peerage::test
