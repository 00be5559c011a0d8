// SPDX-License-Identifier: MIT
#include "actors/status/documents/monitoring.hpp"

#include "actors/base/gathering.hpp"
#include "actors/status/documents/document_adder.hpp"
#include "actors/status/documents/metrics.hpp"

namespace peerage {

namespace {

void answer_metrics(status_pointer self, const reply_slot_ptr& slot) {
  const auto& state = self->state;
  const auto& parts = state.parts;
  const auto limit = status_limits::source_deadline;
  auto all = std::make_shared<gathering<node_metrics>>([slot](node_metrics&& x) {
    slot->answer([found = std::make_shared<const node_metrics>(std::move(x))] {
      return http_reply{http::status::ok, render_metrics(*found),
                        "text/plain; version=0.0.4; charset=utf-8"};
    });
  });
  all->found.context = parts.context;
  all->found.mailbox_lag = state.mailbox_lag;
  all->ask<peer_set_snapshot>(
    self, parts.peers, limit, get_peer_set_snapshot{},
    [](node_metrics& to, const peer_set_snapshot& x) { to.peers = x; });
  all->ask<attempt_counts>(
    self, parts.dialer, limit, get_attempt_counts{},
    [](node_metrics& to, const attempt_counts& x) { to.dials = x; });
  all->ask<attempt_counts>(
    self, parts.listener, limit, get_attempt_counts{},
    [](node_metrics& to, const attempt_counts& x) { to.accepts = x; });
  all->ask<address_book_snapshot>(
    self, parts.book, limit, get_address_book_snapshot{},
    [](node_metrics& to, const address_book_snapshot& x) { to.addresses = x; });
  all->ask<ban_counts>(self, parts.ban_manager, limit, get_ban_counts{},
                       [](node_metrics& to, const ban_counts& x) { to.bans = x; });
  all->close();
}

http_reply render_live(const peer_set_snapshot&) {
  return http_json({{"live", true}});
}

http_reply render_ready(const peer_set_snapshot& x) {
  const bool ready = x.ready > 0;
  return http_json(
    {{"ready", ready}, {"peers", {{"total", x.total}, {"ready", x.ready}}}},
    ready ? http::status::ok : http::status::service_unavailable);
}

/// Asks PEER_SET: without it, no peer and no request gets on.
status_reader asking_set(http_reply (*render)(const peer_set_snapshot&)) {
  return [render](status_pointer self, const reply_slot_ptr& slot) {
    answer_with<peer_set_snapshot>(self, slot, self->state.parts.peers,
                                   get_peer_set_snapshot{}, render);
  };
}

} // namespace

void add_monitoring_endpoints(http_router& routes, std::shared_ptr<http_executor> door,
                              const status_actor& status) {
  document_adder documents{routes, std::move(door), status};
  documents.add("/metrics", answer_metrics);
  documents.add("/health/live", asking_set(render_live), 0, true);
  documents.add("/health/ready", asking_set(render_ready), 0, true);
}

} // namespace peerage
