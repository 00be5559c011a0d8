#pragma once

#include "actors/status/events/event_query.hpp"
#include "actors/status/http/http_session.hpp"

namespace peerage {

/// Goes on with a connection as an event stream: accepts the WebSocket that `asked`
/// asks for, and writes the events that `query` wants, one to a frame. Takes the place of
/// the HTTP session in `sessions`.
void open_event_session(http_sessions& sessions, const std::shared_ptr<http_address>& at,
                        http_sessions::id id, status_socket socket, http_request asked,
                        const event_query& query, bool has_cookie);

} // namespace peerage
