// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/status_server.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <functional>
#include <string>

namespace peerage {

/// The bodies of GET /status and GET /peers, or an error.
struct status_answer {
  std::string failure; ///< One line for people, which names the address; empty: success.
  std::string status;
  std::string peers;
};

/// Asks a node for both documents, one after the other on one connection, and calls
/// `done` once, from `context`: at the latest after `limit`, finished or not.
void ask_status(boost::asio::io_context& context, const status_address& at,
                std::chrono::milliseconds limit, std::function<void(status_answer)> done);

/// "127.0.0.1:8645" or "unix:/run/peerage.sock", as in the option.
std::string to_string(const status_address& x);

} // namespace peerage
