// SPDX-License-Identifier: MIT
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace peerage {

/// A peer as people name it: a host name and a TCP port. Which address it means may
/// change, so it is looked up anew for each dial.
struct host_name {
  std::string host; ///< In lower case, without a dot at the end.
  std::uint16_t port = 0;

  friend auto operator<=>(const host_name&, const host_name&) = default;
};

/// "seed.example.com:8333".
std::string to_string(const host_name& x);

/// Reads "HOST:PORT", or "HOST" if `default_port` is not 0. HOST is a name of RFC 1123:
/// letters, digits and hyphens (and underscores, which some networks have) in labels of
/// at most 63, 253 characters in all; its last label is not all digits, so an IP address
/// is none. False, and `out` untouched, for anything else, also for port 0.
bool parse_host_name(std::string_view text, std::uint16_t default_port, host_name& out);

} // namespace peerage
