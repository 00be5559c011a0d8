// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/events/event_session.hpp"

namespace peerage {

/// A reader that asked without an upgrade: the answer to its request has no end before
/// the node's. In lines of JSON (NDJSON), or as server-sent events, whose ids are the
/// numbers, so that a browser resumes by itself.
///
/// A reader that has closed its socket is seen at the next tick; one that has only shut
/// down its sending side goes on reading.
std::shared_ptr<event_session> make_answer_events(http_sessions& all, event_feed& feed,
                                                  http_upgrade x, event_query query);

} // namespace peerage
