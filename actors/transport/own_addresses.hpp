// SPDX-License-Identifier: MIT
#pragma once

#include "messages/endpoint.hpp"

#include <vector>

namespace peerage {

/// The addresses at which a socket bound to `bound` is reached from this machine: `bound`
/// itself or, if that is 0.0.0.0 or ::, all addresses of that family that the machine's
/// interfaces have at the moment, with its port. Not among them is the address of a
/// router in front of us; the handshake's nonce catches that.
std::vector<endpoint> own_addresses(const endpoint& bound);

} // namespace peerage
