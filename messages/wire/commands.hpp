// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace peerage::wire {

/// Every command this codec recognises, by the protocol's own word. `unknown` stands for
/// all others, so that counters and metrics have a bounded set of labels.
enum class command : std::uint8_t {
  unknown,
  version,
  verack,
  ping,
  pong,
  getaddr,
  addr,
  addrv2,
  sendaddrv2,
  wtxidrelay,
  inv,
  getdata,
  notfound,
  getheaders,
  headers,
  getblocks,
  block,
  tx,
  mempool,
  sendheaders,
  sendcmpct,
  feefilter,
  reject,
  filterload,
  filteradd,
  filterclear,
  merkleblock,
  cmpctblock,
  getblocktxn,
  blocktxn,
  getcfilters,
  cfilter,
  getcfheaders,
  cfheaders,
  getcfcheckpt,
  cfcheckpt,
};

inline constexpr std::size_t command_count = 36;

/// The command field of the envelope: text, filled up with zero bytes.
using command_field = std::array<char, 12>;

/// The command's word; "unknown" for `command::unknown`.
std::string_view to_string(command x);

/// The field to put on the wire. Requires a known command.
const command_field& field_of(command x);

/// The command in an envelope; `unknown` for anything not listed, or not well-formed.
command command_of(const char* field) noexcept;

} // namespace peerage::wire
