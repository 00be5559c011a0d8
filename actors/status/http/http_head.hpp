// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/http/http.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

/// Reads the head of a request: its first line and its fields (RFC 9112). Strict, because
/// two readers that read a message differently can be tricked with it: there is one way
/// for a line, a name or a message to end, and all else is refused. Plain; takes any
/// bytes.
namespace peerage {

/// What a head says about the request behind it.
struct http_head {
  http_request request; ///< Without a body. The target is a path; `Host` is unchanged.
  bool chunked = false;
  std::uint64_t length = 0;      ///< Of the body, in bytes, if it is not chunked.
  bool expects_continue = false; ///< The client sends no body before it gets a 100.
  /// The host that the target names, if it is a whole URL. It counts instead of `Host`.
  std::optional<std::string> authority;

  bool has_body() const { return chunked || length > 0; }
};

/// Where the head ends.
struct head_end {
  enum class state : std::uint8_t { incomplete, complete, malformed };
  state found = state::incomplete;
  std::size_t size = 0; ///< With the empty line at its end, if complete.
};

/// To be called with the first bytes, so that a client that speaks no HTTP is refused at
/// once.
head_end find_head_end(std::string_view bytes);

/// Reads a complete head. A refusal (400, 417, 501, 505) closes the connection: it is
/// unknown where the next request would begin.
std::variant<http_head, http_reply> read_head(std::string_view bytes);

/// Decodes a body as it comes, and keeps no undecoded bytes.
class body_decoder {
public:
  enum class state : std::uint8_t {
    more,      ///< It is not complete yet.
    complete,  ///< The remaining bytes belong to the next request.
    malformed, ///< Not valid chunks.
    too_long,  ///< More than `most` bytes, or than `max_surplus` around them.
  };

  /// @param most Bytes of a body.
  body_decoder(const http_head& head, std::uint64_t most);

  /// Takes its bytes off `from`, and appends those of the body to `to` (null: discards
  /// them).
  state decode(std::string_view& from, std::string* to);

  /// Bytes allowed around all chunks: extensions, and behind the last one, trailers.
  static constexpr std::size_t max_surplus = 8 << 10;
  static constexpr std::size_t max_size_digits = 16;

private:
  enum class part : std::uint8_t {
    size,
    extension,
    size_end,
    data,
    data_return,
    data_end,
    trailer,
    trailer_end,
    none
  };

  state read_size(char c);
  state end_of_size();

  part part_;
  bool chunked_;
  std::uint64_t most_;
  std::uint64_t total_ = 0; ///< Of the chunks announced so far.
  std::uint64_t left_ = 0;  ///< Of the chunk, or of the body.
  std::size_t digits_ = 0;
  bool spaced_ = false; ///< After the size, only a space has come.
  std::size_t surplus_ = 0;
  bool trailer_is_empty_ = true;
};

} // namespace peerage
