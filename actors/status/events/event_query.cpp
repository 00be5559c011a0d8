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

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto* last = text.data() + text.size();
  auto [end, error] = std::from_chars(text.data(), last, value);
  if (error != std::errc{} || end != last)
    return std::nullopt;
  return value;
}

bool parse_from(std::string_view text, event_query& out) {
  out.from = parse_number(text);
  return out.from.value_or(0) > 0;
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
  return what.method() == http::verb::get &&
         target.substr(0, target.find('?')) == "/events";
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

std::string_view trimmed(std::string_view x) {
  const auto begin = std::min(x.find_first_not_of(" \t"), x.size());
  x.remove_prefix(begin);
  return x.substr(0, x.find_last_not_of(" \t") + 1);
}

/// Whether the client names this media type itself, in any field, with any weight.
bool names_type(const http_request& what, std::string_view type) {
  const auto [first, last] = what.equal_range(http::field::accept);
  return std::any_of(first, last, [&](const auto& field) {
    auto rest = view(field.value());
    while (!rest.empty()) {
      auto range = next_part(rest, ',');
      const auto name = trimmed(next_part(range, ';'));
      if (beast::iequals({name.data(), name.size()}, {type.data(), type.size()}))
        return true;
    }
    return false;
  });
}

event_form form_of(const http_request& what) {
  if (beast::websocket::is_upgrade(what))
    return event_form::websocket;
  return names_type(what, "text/event-stream") ? event_form::server_sent
                                               : event_form::lines;
}

/// An odd id, of another server maybe, is no reason to refuse: a browser would not come
/// back.
void read_last_id(const http_request& what, event_query& out) {
  if (const auto last = parse_number(view(what["Last-Event-ID"])))
    out.from = std::max(*last + 1, std::uint64_t{1});
}

} // namespace

std::optional<http_reply> read_event_query(const http_request& what, event_query& out) {
  out.form = form_of(what);
  if (out.form == event_form::websocket) {
    if (auto refusal = check_handshake(what))
      return refusal;
  } else if (what.count(http::field::sec_websocket_key) > 0) {
    // A proxy in between has dropped the rest: this client reads nothing else.
    return http_error(http::status::upgrade_required,
                      "a WebSocket needs \"Connection: Upgrade\" and \"Upgrade: "
                      "websocket\" as well");
  }
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
  if (out.form == event_form::server_sent)
    read_last_id(what, out);
  return std::nullopt;
}

} // namespace peerage
