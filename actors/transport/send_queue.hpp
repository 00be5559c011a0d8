// SPDX-License-Identifier: MIT
#pragma once

#include "messages/wire/slice.hpp"

#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <vector>

namespace peerage {

/// Bytes that wait for a socket, in order; the first piece may be sent in part.
///
/// Memory is bounded by `held`, not by the bytes to send alone: small slices, which cost
/// several times their size, are joined, large ones keep no more than twice their own
/// bytes alive, and a piece is freed when all of it is sent.
class send_queue {
public:
  bool empty() const { return first_ == pieces_.size(); }

  /// Bytes to send.
  std::size_t bytes() const { return bytes_; }

  /// Memory held for them, the allocator's share included. A buffer that a large slice
  /// shares with others counts in full.
  std::size_t held() const { return held_ + pieces_.capacity() * sizeof(piece); }

  /// Takes slices without their first `skipped` bytes, fewer than all.
  void push(std::span<const wire::slice> slices, std::size_t skipped = 0);

  /// Describes the next bytes to send in at most `count` pieces; returns how many it
  /// used.
  std::size_t gather(iovec* pieces, std::size_t count) const;

  /// `count` bytes were sent.
  void consume(std::size_t count);

  /// An idle connection keeps no buffer.
  void clear() { *this = {}; }

  /// Slices of less than this are copied into a buffer with others.
  static constexpr std::size_t joined_below = 4 * 1024;
  /// Such a buffer grows to this.
  static constexpr std::size_t joined_size = 16 * 1024;

private:
  /// Joined bytes, or one slice.
  struct piece {
    std::vector<std::byte> joined;
    wire::slice whole;

    wire::bytes_view view() const { return joined.empty() ? whole.view() : joined; }
    std::size_t cost() const;
  };

  void join(wire::bytes_view bytes);
  void drop_sent();

  std::vector<piece> pieces_;
  std::size_t first_ = 0;  ///< Pieces before it are sent, and hold nothing.
  std::size_t offset_ = 0; ///< Bytes of the first that are sent.
  std::size_t bytes_ = 0;
  std::size_t held_ = 0; ///< The cost of all pieces.
};

} // namespace peerage
