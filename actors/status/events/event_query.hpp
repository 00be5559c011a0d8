#pragma once

#include "actors/status/http/http.hpp"
#include "messages/events.hpp"

#include <optional>

namespace peerage {

/// What a reader of GET /events wants.
struct event_query {
  std::optional<std::uint64_t> from; ///< None: what happens from now on.
  event_filter filter;               ///< Only its types are used.
};

/// Whether this wants to become an event stream.
bool wants_events(const http_request& what);

/// Reads the query, and checks that no page of another site asks: browsers let any page
/// open a WebSocket anywhere, but say which page it was. Returns the refusal if it is
/// one.
std::optional<http_reply> read_event_query(const http_request& what, event_query& out);

} // namespace peerage
