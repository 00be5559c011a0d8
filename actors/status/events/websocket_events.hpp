// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/events/event_session.hpp"

namespace peerage {

/// A reader that asked for a WebSocket: one event to a frame.
std::shared_ptr<event_session> make_websocket_events(http_sessions& all, event_feed& feed,
                                                     http_upgrade x, event_query query);

} // namespace peerage
