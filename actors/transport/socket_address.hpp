// SPDX-License-Identifier: MIT
#pragma once

#include "messages/endpoint.hpp"

#include <sys/socket.h>

#include <optional>
#include <string>
#include <variant>

namespace peerage {

/// The system's form of an IP address, with its own port, as ours. Nothing for null and
/// for other families. Requires that the address is as long as its family says.
std::optional<endpoint> endpoint_of(const sockaddr* x);

/// Where a socket listens: an IP address, or the path of a Unix socket (empty for one
/// without a path).
using listening_place = std::variant<endpoint, std::string>;

/// Where a socket that somebody else has opened listens. Nothing, with a text for people,
/// if it is no listening stream socket of IP or Unix.
std::optional<listening_place> listening_place_of(int descriptor, std::string& error);

} // namespace peerage
