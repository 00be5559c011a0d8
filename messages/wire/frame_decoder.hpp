// SPDX-License-Identifier: MIT
#pragma once

#include "messages/checks/mutant.hpp"
#include "messages/wire/envelope.hpp"
#include "messages/wire/hash.hpp"
#include "messages/wire/limits.hpp"
#include "messages/wire/payload_pool.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace peerage::wire {

/// A message whose envelope has been read: the payload is whole, but not parsed.
struct frame {
  command type = command::unknown;
  std::uint32_t checksum = 0; ///< As in the envelope.
  slice payload;
  bool intact = false; ///< It matches the payload.
  /// Bytes at the end of the payload that were skipped: `payload` then has only the
  /// beginning.
  std::uint32_t skipped = 0;

  /// The message's bytes on the wire.
  std::size_t wire_size() const { return envelope_size + payload.size() + skipped; }

  bool checksum_ok() const { return intact; }
};

/// Why a stream of bytes cannot be read further.
enum class frame_error : std::uint8_t {
  none,
  wrong_magic,       ///< Another network, or not this protocol at all.
  oversized_payload, ///< A length over the limit, and over what may still be skipped;
                     ///< nothing of that payload was read.
};

/// Cuts a byte stream into frames. It owns at most one incomplete message: an idle stream
/// costs no buffer, an announced payload gets new memory only as it arrives, at most
/// `limits::read_ahead` in advance (invariant I11).
///
/// Before the handshake all fields that matter stand within the small limit, at the
/// beginning of a message: bytes beyond are skipped, but hashed, up to
/// `limits::skipped_before_handshake` bytes in all.
///
/// Not thread-safe; no clock, no socket.
class frame_decoder {
public:
  /// @param pool The source of large buffers; null: each is made anew.
  explicit frame_decoder(std::uint32_t magic, payload_pool_ptr pool = nullptr)
      : magic_(magic), pool_(std::move(pool)) {}
  frame_decoder(frame_decoder&&) = default;
  frame_decoder& operator=(frame_decoder&&) = default;
  ~frame_decoder();

  /// Longest payload from the next envelope on. Until this call the small limit holds,
  /// and only that much of longer payloads is kept; from then on they are an error.
  void set_payload_limit(std::uint32_t bytes) {
    payload_limit_ = bytes;
    may_skip_ = 0;
  }

  /// Stops after the next frame of this type, so that limits can change between two
  /// messages that arrived together. Bytes behind it are held until `resume`.
  void pause_after(command type) { pause_after_ = type; }

  /// Continues behind a pause; yields the frames of held bytes.
  void resume(std::vector<frame>& out);

  /// Likewise, but pauses again behind the next frame of that type.
  void resume_until_next(std::vector<frame>& out);

  bool paused() const { return paused_; }

  /// Takes `bytes` and appends the frames they complete. After an error, or while paused,
  /// nothing more is decoded.
  void feed(bytes_view bytes, std::vector<frame>& out);

  /// Where the rest of a large payload may be read to directly; empty when none is due.
  /// Follow with `commit`.
  std::span<std::byte> direct_buffer();

  /// `count` bytes were read into the direct buffer.
  void commit(std::size_t count, std::vector<frame>& out);

  frame_error error() const { return error_; }

  /// True in the middle of a message: an end of stream here is a truncation.
  bool mid_message() const {
    return !held_.empty() || payload_.has_value() || skipping_ != nullptr;
  }

  /// Bytes of memory taken for the incomplete message, a pooled buffer included.
  std::size_t buffered() const;

private:
  /// The payload of an incomplete message; grows as bytes arrive.
  struct partial_payload {
    partial_payload() {} // clang 14 cannot make one for std::optional by itself
    envelope head;
    std::size_t filled = 0;
    payload_pool::buffer buffer;
    double_sha256_stream hash; ///< Of the bytes so far, if it is long.
  };

  /// A payload of which only the beginning is kept.
  struct skipped_payload {
    envelope head;
    std::uint32_t due;
    double_sha256_stream hash;
    std::vector<std::byte> beginning; ///< At most `limits::payload_before_handshake`.
  };

  /// Decodes the whole messages at the front of `bytes`; returns how many bytes they
  /// take.
  std::size_t take_whole(bytes_view bytes, std::vector<frame>& out);
  /// Continues the incomplete message; returns how many of `bytes` it took.
  std::size_t take_partial(bytes_view bytes, std::vector<frame>& out);
  bool accept(const envelope& head);
  void begin_payload(const envelope& head);
  std::size_t skip(bytes_view bytes, std::vector<frame>& out);
  void append_payload(bytes_view bytes);
  /// Counts `size` more bytes in the buffer.
  void advance(std::size_t size);
  /// Makes room for `arriving` bytes, and some read-ahead.
  void grow(std::size_t arriving);
  void finish_payload(std::vector<frame>& out);
  std::shared_ptr<const std::byte> shared(payload_pool::buffer&& whole);
  void emitted(command type);

  std::uint32_t magic_;
  payload_pool_ptr pool_;
  std::uint32_t payload_limit_ = is_on(mutant::limit_before_handshake_missing)
                                   ? limits::payload
                                   : limits::payload_before_handshake;
  std::uint32_t may_skip_ = limits::skipped_before_handshake; ///< Bytes.
  frame_error error_ = frame_error::none;
  bool paused_ = false;
  std::optional<command> pause_after_;
  std::vector<std::byte> held_; ///< An incomplete envelope, or the bytes behind a pause.
  std::optional<partial_payload> payload_;
  std::unique_ptr<skipped_payload> skipping_; ///< Instead of `payload_`.
};

} // namespace peerage::wire
