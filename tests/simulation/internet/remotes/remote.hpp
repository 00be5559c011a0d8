// SPDX-License-Identifier: MIT
#pragma once

#include "messages/wire/codec.hpp"
#include "messages/wire/frame_decoder.hpp"
#include "tests/simulation/internet/world.hpp"
#include "tests/support/memory_transport.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace peerage::test {

/// One connection of a remote that is no node of ours. As it stands, it is a polite one
/// of today that has no blocks: it shakes hands, answers pings, headers, data and
/// addresses, and asks for nothing. Others override what they do otherwise.
class remote : public memory_end, public std::enable_shared_from_this<remote> {
public:
  /// @param dials It opened the connection, and says the first word.
  remote(world& in, bool dials);
  remote(const remote&) = delete;
  remote& operator=(const remote&) = delete;

  std::size_t take(wire::bytes_view bytes) override;
  void on_closed() override;
  void on_reset() override;
  void flush() override;

protected:
  /// The connection is open.
  virtual void on_open();
  /// A message of the node's.
  virtual void on_message(const wire::message& x);
  /// Both have said verack.
  virtual void on_ready() {}

  void send(const wire::message& x);
  void send_bytes(std::vector<std::byte> bytes);
  void send_version();
  void close();
  void reset();
  /// Calls `what` every `interval`, `times` times at most, while the connection is open.
  void repeat(caf::timespan interval, std::size_t times, std::function<void()> what);
  /// Once.
  void later(caf::timespan wait, std::function<void()> what) {
    repeat(wait, 1, std::move(what));
  }

  world& in() { return world_; }
  random_source& draws() { return world_.draws(); }
  bool is_open() const { return open_ && !closed_; }
  bool has_dialed() const { return dials_; }

  wire::version greeting; ///< What `send_version` says.
  bool reads = true;      ///< False: bytes stay with the node.

private:
  void answer_handshake(const wire::message& x);

  world& world_;
  bool dials_;
  bool open_ = false;
  bool closed_ = false;
  bool version_sent_ = false;
  bool ready_ = false;
  wire::frame_decoder decoder_;
  std::vector<std::byte> unsent_;
};

} // namespace peerage::test
