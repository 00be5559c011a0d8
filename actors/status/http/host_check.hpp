// SPDX-License-Identifier: MIT
#pragma once

#include "messages/endpoint.hpp"

#include <string_view>

namespace peerage {

/// Whether a `Host` header may come from a client that meant this server, bound to
/// `bound`. A page in a browser can point a name of its own at 127.0.0.1 and then read
/// our answers (DNS rebinding), but its name stays in `Host`: so only `localhost`,
/// loopback addresses and the bound address are good. The port is not compared: a
/// forwarded port has another number, and no attacker gains by it.
bool host_allowed(std::string_view host, const endpoint& bound);

} // namespace peerage
