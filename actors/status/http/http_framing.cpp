// SPDX-License-Identifier: MIT
#include "actors/status/http/http_framing.hpp"

#include "messages/version.hpp"

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/write.hpp>

#include <array>
#include <charconv>
#include <sstream>

namespace peerage {

std::string response_head(const http_reply& reply, unsigned version, body_end end,
                          std::size_t length) {
  http::response<http::empty_body> head{reply.status, version};
  head.set(http::field::server, "peerage/" + std::string(program_version()));
  // Clients take an empty body that is called JSON for broken JSON.
  if (end != body_end::length || length > 0)
    head.set(http::field::content_type, reply.content_type);
  head.set(http::field::cache_control, "no-store");
  head.set("X-Content-Type-Options", "nosniff");
  if (!reply.allow.empty())
    head.set(http::field::allow, reply.allow);
  if (!reply.authenticate.empty())
    head.set(http::field::www_authenticate, reply.authenticate);
  if (!reply.content_security_policy.empty())
    head.set("Content-Security-Policy", reply.content_security_policy);
  head.keep_alive(!reply.close);
  if (reply.status == http::status::upgrade_required) {
    head.set(http::field::upgrade, "websocket");
    head.set(http::field::sec_websocket_version, "13");
    head.set(http::field::connection, reply.close ? "Upgrade, close" : "Upgrade");
  }
  if (end == body_end::length)
    head.content_length(length);
  else if (end == body_end::last_chunk)
    head.chunked(true);
  std::ostringstream text;
  text << head.base();
  return std::move(text).str();
}

std::string as_chunk(std::string data) {
  if (data.empty())
    return data;
  std::array<char, 16> digits;
  const auto end =
    std::to_chars(digits.data(), digits.data() + digits.size(), data.size(), 16).ptr;
  data.insert(0, std::string(digits.data(), end) + "\r\n");
  data += "\r\n";
  return data;
}

} // namespace peerage
