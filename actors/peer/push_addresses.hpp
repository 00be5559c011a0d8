// SPDX-License-Identifier: MIT
#pragma once

#include "messages/wire/addresses.hpp"
#include "messages/wire/envelope.hpp"
#include "messages/wire/limits.hpp"

#include <vector>

namespace peerage {

/// Sends addresses in the form that the remote understands, at most as many as one
/// message may have; sends nothing if none is left.
/// @param addrv2 The remote has sent sendaddrv2 (BIP 155).
inline void push_addresses(wire::outbox& out, bool addrv2,
                           std::vector<wire::network_address> entries) {
  if (entries.size() > wire::limits::addresses)
    entries.resize(wire::limits::addresses);
  if (addrv2 && !entries.empty())
    return out.push(wire::addrv2{std::move(entries)});
  wire::addr message;
  for (const auto& entry : entries)
    if (auto old_form = wire::to_timed_address(entry))
      message.entries.push_back(*old_form);
  if (!message.entries.empty())
    out.push(message);
}

} // namespace peerage
