// SPDX-License-Identifier: MIT
#pragma once

#include "messages/wire/messages.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace peerage {

/// "ipv4", "ipv6", "onion", "i2p" or "cjdns" for a number of BIP 155; empty for others.
std::string_view network_name(std::uint8_t id);

/// The number of such a name; 0 for any other.
std::uint8_t network_id(std::string_view name);

/// The address without its port, as people write it: "1.2.3.4", "….onion", "….b32.i2p".
/// Hex for addresses without such a form.
std::string host_text(const wire::network_address& x);

} // namespace peerage
