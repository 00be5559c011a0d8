#pragma once

#include "messages/endpoint.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace peerage {

/// Where the status socket is: TCP on loopback, or a Unix socket.
struct status_address {
  std::optional<endpoint> tcp;
  std::string unix_path; ///< If not TCP.
};

/// Reads "ADDR:PORT" or "unix:PATH". Refuses what is not loopback: reads need no
/// authentication, so they must stay on this machine. The error is a text for people.
bool parse_status_address(std::string_view text, status_address& out, std::string& error);

} // namespace peerage
