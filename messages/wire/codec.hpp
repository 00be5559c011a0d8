#pragma once

#include "messages/wire/messages.hpp"

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

} // namespace peerage::wire
