// SPDX-License-Identifier: MIT
#pragma once

#include "messages/endpoint.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace peerage {

/// The address of the status socket: TCP on loopback, or a Unix socket.
struct status_address {
  std::optional<endpoint> tcp;
  std::string unix_path; ///< Empty for TCP.
};

/// How people and programs see it: "http://127.0.0.1:8645", "unix:/run/peerage.sock".
std::string url_of(const status_address& x);

/// Reads "ADDR:PORT" or "unix:PATH". Refuses an address that is not loopback: reads need
/// no authentication, so they must stay on this machine. The error is a text for people.
bool parse_status_address(std::string_view text, status_address& out, std::string& error);

} // namespace peerage
