// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/http/http.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace peerage {

/// How the end of an answer's body is told (RFC 9112, section 6.3).
enum class body_end : std::uint8_t {
  length,     ///< By a length in the head.
  last_chunk, ///< By a chunk of no bytes. Not for HTTP/1.0.
  close,      ///< By the end of the connection.
};

/// The head of an answer, up to and including the empty line.
/// @param version 10 or 11, as the request's.
/// @param length  Of the body, for `body_end::length`; answers to HEAD have it as well.
std::string response_head(const http_reply& reply, unsigned version, body_end end,
                          std::size_t length = 0);

/// The data as one chunk; empty data makes none, as that would end the body.
std::string as_chunk(std::string data);

inline constexpr std::string_view last_chunk = "0\r\n\r\n";

} // namespace peerage
