// SPDX-License-Identifier: MIT
#pragma once

#include "messages/wire/codec.hpp"
#include "messages/wire/command_tally.hpp"

#include <cstdint>
#include <vector>

/// The v1 envelope: 4 bytes magic, 12 bytes command, 4 bytes payload length, 4 bytes
/// checksum, payload. Integers are little-endian.
namespace peerage::wire {

inline constexpr std::size_t envelope_size = 24;

struct envelope {
  std::uint32_t magic = 0;
  command type = command::unknown;
  std::uint32_t length = 0;
  std::uint32_t checksum = 0;
};

/// Reads an envelope from 24 bytes.
envelope read_envelope(const std::byte* from) noexcept;

/// Messages on their way to a socket: a list of slices for one gathered write. Small
/// messages are packed together, bodies of blocks and transactions are referenced.
class outbox {
public:
  explicit outbox(std::uint32_t magic) : magic_(magic) {}

  void push(const message& x);

  /// The one answer that must keep up with floods: no allocation of its own, and no hash
  /// if the checksum is known from a ping with the same payload (0: not known).
  void push_pong(std::uint64_t nonce, std::uint32_t known_checksum);

  /// Messages pushed so far, and their bytes with the envelopes.
  std::uint64_t pushed() const { return pushed_; }
  command_tally& tally() { return tally_; }
  const command_tally& tally() const { return tally_; }

  bool empty() const { return packed_.empty() && ready_.empty(); }

  /// Moves out the pushed messages, in order.
  std::vector<slice> take();

private:
  void seal();
  void finish_envelope(std::size_t start, command type, bytes_view payload);

  std::uint32_t magic_;
  std::vector<slice> ready_;
  std::vector<std::byte> packed_;
  std::uint64_t pushed_ = 0;
  command_tally tally_;
};

/// One message as it stands on the wire, envelope included.
std::vector<std::byte> encode(std::uint32_t magic, const message& x);

} // namespace peerage::wire
