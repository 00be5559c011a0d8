// SPDX-License-Identifier: MIT
#pragma once

#include "messages/endpoint.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace peerage {

/// Which `Host` headers are good beside those of the bound address.
struct host_rules {
  std::vector<std::string> names; ///< That people have given to this machine.
  /// All addresses: the socket is for clients of a network. Only names can be pointed
  /// elsewhere.
  bool any_address = false;
};

/// Whether a `Host` header may come from a client that meant this server, bound to
/// `bound`. A page in a browser can point a name of its own at 127.0.0.1 and then read
/// our answers (DNS rebinding), but its name stays in `Host`: so only `localhost`,
/// loopback addresses, the bound address, and what `rules` have, are good. The port is
/// not compared: a forwarded port has another number, and no attacker gains by it.
bool host_allowed(std::string_view host, const endpoint& bound, const host_rules& rules);

/// Whether a text may name a host in `Host`: letters, digits, dots, hyphens and
/// underscores, 253 at most, and no IP address.
bool is_host_name(std::string_view text);

} // namespace peerage
