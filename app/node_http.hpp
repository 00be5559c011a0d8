// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/http/status_address.hpp"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

/// Questions to the status socket of a node.
namespace peerage {

inline constexpr unsigned http_ok = 200;

/// Characters of a refusal's body that people are shown.
inline constexpr std::size_t max_refusal_length = 200;

struct http_question {
  std::string target;
  std::optional<std::string> body{}; ///< Empty: GET, else POST.
  std::string authorization{};       ///< The value of the header; empty: none.
};

struct http_answer {
  unsigned status = 0;
  std::string body;
};

struct http_answers {
  /// One line for people, which names the address; empty: there is an answer to every
  /// question, or to those up to the first that is not 200.
  std::string failure;
  std::vector<http_answer> answers;
};

/// Asks a node, one question after the other on one connection, and calls `done` once,
/// from `context`: at the latest after `limit`, finished or not.
void ask_node(boost::asio::io_context& context, const status_address& at,
              std::vector<http_question> questions, std::chrono::milliseconds limit,
              std::function<void(http_answers)> done);

/// The same, and waits for the answers.
http_answers ask_node(const status_address& at, std::vector<http_question> questions,
                      std::chrono::milliseconds limit);

/// Where to connect to.
boost::asio::generic::stream_protocol::endpoint socket_endpoint(const status_address& at);

/// "127.0.0.1:8645" or "unix:/run/peerage.sock", as in the option.
std::string to_string(const status_address& x);

} // namespace peerage
