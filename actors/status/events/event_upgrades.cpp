// SPDX-License-Identifier: MIT
#include "actors/status/events/event_upgrades.hpp"

#include "actors/status/events/answer_events.hpp"
#include "actors/status/events/event_query.hpp"
#include "actors/status/events/websocket_events.hpp"

namespace peerage {

bool event_upgrades::is_wanted(const http_request& what) const {
  return wants_events(what);
}

std::optional<http_reply> event_upgrades::refuse(const http_request& what,
                                                 const http_address& at,
                                                 bool has_cookie) const {
  event_query query;
  if (auto refusal = read_event_query(what, query))
    return refusal;
  if ((has_cookie ? at.streams_with_cookie : at.streams) >= status_limits::event_streams)
    return http_error(http::status::service_unavailable,
                      "too many event streams are open");
  return std::nullopt;
}

void event_upgrades::open(http_upgrade x) {
  event_query query;
  read_event_query(x.asked, query);
  const auto id = x.id;
  auto fresh = query.form == event_form::websocket
                 ? make_websocket_events(sessions_, feed_, std::move(x), query)
                 : make_answer_events(sessions_, feed_, std::move(x), query);
  sessions_.streams.emplace(id, fresh);
  fresh->start();
}

} // namespace peerage
