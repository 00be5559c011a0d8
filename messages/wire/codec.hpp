// SPDX-License-Identifier: MIT
#pragma once

#include "messages/wire/messages.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace peerage::wire {

enum class decode_result : std::uint8_t {
  ok,
  malformed, ///< Too short, a count that cannot fit, an overlong field: drop the message.
  over_limit, ///< All there, but more entries than the limit: ends the peer.
};

/// Reads the payload of a message. Bytes after the last field are ignored, as the network
/// does. Never takes memory for more entries than the payload has bytes for, nor for more
/// than the limits allow. Blocks and transactions keep a reference into `payload`.
decode_result decode(command type, const slice& payload, message& out);

/// Appends the payload of `x` to `out`.
void encode_payload(const message& x, std::vector<std::byte>& out);

/// The bytes that the hash of a block covers.
inline constexpr std::size_t block_header_bytes = 80;

/// Appends the `block_header_bytes` of a header to `out`.
void encode_header(const block_header& x, std::vector<std::byte>& out);

/// Reads the header that `bytes` begin with; fields that are not there stay zero.
block_header decode_header(const slice& bytes);

} // namespace peerage::wire
