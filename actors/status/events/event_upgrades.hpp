// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/events/event_feed.hpp"
#include "actors/status/http/http_sessions.hpp"

namespace peerage {

/// Connections that go on as event streams, in the form that the request asks for: a
/// WebSocket, or an answer without end.
class event_upgrades final : public http_upgrades {
public:
  /// @param sessions Must outlive this object.
  explicit event_upgrades(http_sessions& sessions)
      : sessions_(sessions), feed_(sessions.door) {}

  event_feed& feed() { return feed_; }

  bool is_wanted(const http_request& what) const override;
  std::optional<http_reply> refuse(const http_request& what, const http_address& at,
                                   bool has_cookie) const override;
  void open(http_upgrade x) override;
  void on_tick() override { feed_.on_tick(); }

private:
  http_sessions& sessions_;
  event_feed feed_;
};

} // namespace peerage
