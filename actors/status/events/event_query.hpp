// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/http/http.hpp"
#include "messages/events.hpp"

#include <optional>

namespace peerage {

/// The query of GET /events.
struct event_query {
  std::optional<std::uint64_t> from; ///< Empty: from now on.
  event_filter filter;               ///< Only its types are used.
};

/// Whether this request asks for an event stream.
bool wants_events(const http_request& what);

/// Reads the query, and refuses pages of other sites: browsers let any page open a
/// WebSocket anywhere, but tell which page it was. Returns the refusal; empty: it is
/// fine.
std::optional<http_reply> read_event_query(const http_request& what, event_query& out);

} // namespace peerage
