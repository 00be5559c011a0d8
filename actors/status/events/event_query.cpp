// SPDX-License-Identifier: MIT
#include "actors/status/events/event_query.hpp"

#include <boost/beast/core/string.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <algorithm>
#include <charconv>

namespace peerage {

namespace beast = boost::beast;

namespace {

std::string_view view(boost::beast::string_view x) {
  return {x.data(), x.size()};
}

/// Cuts off the part before `separator`, or all.
std::string_view next_part(std::string_view& rest, char separator) {
  auto part = rest.substr(0, rest.find(separator));
  rest.remove_prefix(std::min(rest.size(), part.size() + 1));
  return part;
}

bool percent_decoded(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned value = 0;
    if (i + 2 >= text.size())
      return false;
    const auto* last = text.data() + i + 3;
    auto [end, error] = std::from_chars(text.data() + i + 1, last, value, 16);
    if (error != std::errc{} || end != last)
      return false;
    out += static_cast<char>(value);
    i += 2;
  }
  return true;
}

bool parse_from(std::string_view text, event_query& out) {
  std::uint64_t value = 0;
  const auto* last = text.data() + text.size();
  auto [end, error] = std::from_chars(text.data(), last, value);
  if (error != std::errc{} || end != last || value == 0)
    return false;
  out.from = value;
  return true;
}

/// Returns what is wrong; empty: nothing.
std::string parse_types(std::string_view text, event_query& out) {
  out.filter.types = 0;
  while (!text.empty()) {
    auto name = next_part(text, ',');
    auto type = parse_event_type(name);
    if (!type)
      return "there is no event type " + std::string(name);
    out.filter.types |= bit_of(*type);
  }
  return out.filter.types == 0 ? "types needs at least one event type" : "";
}

std::string parse_parameter(std::string_view text, event_query& out) {
  auto name = next_part(text, '=');
  std::string value;
  if (!percent_decoded(text, value))
    return "the query has a wrong percent-encoding";
  if (name == "types")
    return parse_types(value, out);
  if (name != "from")
    return "there is no parameter " + std::string(name) + ", only from and types";
  return parse_from(value, out) ? "" : "from must be a whole number from 1 on";
}

} // namespace

bool wants_events(const http_request& what) {
  auto target = view(what.target());
  return target.substr(0, target.find('?')) == "/events" &&
         beast::websocket::is_upgrade(what);
}

namespace {

/// base64 of 16 bytes: the last of its 22 digits holds two bits of them.
bool is_websocket_key(std::string_view x) {
  auto is_digit = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           c == '+' || c == '/';
  };
  constexpr std::string_view last = "AQgw";
  return x.size() == 24 && x.ends_with("==") &&
         std::ranges::all_of(x.substr(0, 22), is_digit) && last.find(x[21]) != last.npos;
}

/// RFC 6455, section 4.2.
std::optional<http_reply> check_handshake(const http_request& what) {
  const auto version = http::field::sec_websocket_version;
  if (what.count(version) != 1 || view(what[version]) != "13")
    return http_error(http::status::upgrade_required,
                      "the version of the WebSocket must be 13");
  const auto key = http::field::sec_websocket_key;
  if (what.count(key) != 1 || !is_websocket_key(view(what[key])))
    return http_error(http::status::bad_request,
                      "Sec-WebSocket-Key must be 16 bytes in base64");
  return std::nullopt;
}

} // namespace

std::optional<http_reply> read_event_query(const http_request& what, event_query& out) {
  if (auto refusal = check_handshake(what))
    return refusal;
  if (auto found = what.find(http::field::origin); found != what.end()) {
    auto ours = "http://" + std::string(view(what[http::field::host]));
    if (what.count(http::field::origin) != 1 || !beast::iequals(found->value(), ours))
      return http_error(http::status::forbidden,
                        "pages of other sites may not read the events");
  }
  auto rest = view(what.target());
  next_part(rest, '?');
  while (!rest.empty())
    if (auto problem = parse_parameter(next_part(rest, '&'), out); !problem.empty())
      return http_error(http::status::bad_request, problem);
  return std::nullopt;
}

} // namespace peerage
