// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/http/http.hpp"
#include "messages/events.hpp"

#include <optional>

namespace peerage {

/// How a reader wants its events.
enum class event_form : std::uint8_t {
  websocket,   ///< A frame each.
  lines,       ///< A line of JSON each (application/x-ndjson).
  server_sent, ///< As browsers' EventSource reads them (text/event-stream).
};

/// What GET /events asks for, in its query and its headers.
struct event_query {
  event_form form = event_form::lines;
  std::optional<std::uint64_t> from; ///< Empty: from now on.
  event_filter filter;               ///< Only its types are used.
};

/// Whether this request asks for an event stream. One for the head of it alone (HEAD)
/// does not.
bool wants_events(const http_request& what);

/// Reads the request, and refuses pages of other sites: browsers let any page open a
/// WebSocket anywhere, but tell which page it was. Returns the refusal; empty: it is
/// fine.
///
/// A `Last-Event-ID` header, which browsers send when they resume server-sent events,
/// stands for the number before `from`, and overrules it.
std::optional<http_reply> read_event_query(const http_request& what, event_query& out);

} // namespace peerage
