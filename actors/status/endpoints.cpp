#include "actors/status/endpoints.hpp"

#include "actors/status/discovery_json.hpp"
#include "actors/status/metrics.hpp"
#include "actors/status/peer_endpoint.hpp"
#include "actors/status/schemas.hpp"

#include <caf/send.hpp>

namespace peerage {

namespace {

/// Asks an owner; `render` makes the answer of what comes back, on the HTTP thread.
template <class Answer, class Handle, class Question, class Render>
void answer_with(status_pointer self, const reply_slot_ptr& slot, const Handle& whom,
                 Question what, Render render) {
  ask<Answer>(self, whom, std::move(what), [slot, render](caf::expected<Answer> found) {
    slot->answer([render, found = std::move(found)] {
      return found ? render(*found) : http_source_failed(found.error());
    });
  });
}

/// GET of something that `handle` answers in the STATUS actor.
void add_read(http_router& routes, const status_actor& status, std::string_view path,
              std::function<void(status_pointer, const std::vector<std::string>&,
                                 const reply_slot_ptr&)>
                handle) {
  routes.add(http::verb::get, path,
             [status, handle = std::move(handle)](
               const http_request&, const std::vector<std::string>& parameters,
               const reply_slot_ptr& slot) {
               caf::anon_send(status, status_task{[=](status_pointer self) {
                                handle(self, parameters, slot);
                              }});
             });
}

template <class Document>
http_reply render_document(const Document& x) {
  return http_json(to_json(x));
}

http_reply render_health(const node_snapshot& node) {
  return http_json({{"healthy", node.can_serve},
                    {"peers", {{"total", node.peers.total}, {"ready", node.peers.ready}}},
                    {"uptime", node.uptime}},
                   node.can_serve ? http::status::ok : http::status::service_unavailable);
}

void answer_metrics(status_pointer self, const reply_slot_ptr& slot) {
  auto found = std::make_shared<node_metrics>();
  found->context = self->state.parts.context;
  auto failed = [slot](const caf::error& why) {
    slot->answer([why] { return http_source_failed(why); });
  };
  // One after the other: the set's numbers fit each other, whenever the others come.
  ask<discovery_counts>(
    self, self->state.parts.dialer, get_discovery_counts{},
    [=](caf::expected<discovery_counts> dials) {
      if (!dials)
        return failed(dials.error());
      found->dials = *dials;
      ask<discovery_counts>(
        self, self->state.parts.listener, get_discovery_counts{},
        [=](caf::expected<discovery_counts> accepts) {
          if (!accepts)
            return failed(accepts.error());
          found->accepts = *accepts;
          answer_with<peer_set_snapshot>(
            self, slot, self->state.parts.peers, get_peer_set_snapshot{},
            [found](const peer_set_snapshot& peers) {
              found->peers = peers;
              return http_reply{http::status::ok, render_metrics(*found),
                                "text/plain; version=0.0.4; charset=utf-8"};
            });
        });
    });
}

} // namespace

void add_read_endpoints(http_router& routes, const status_actor& status) {
  using names = std::vector<std::string>;
  add_read(routes, status, "/status",
           [](status_pointer self, const names&, const reply_slot_ptr& slot) {
             answer_with<node_snapshot>(self, slot, self->state.manager,
                                        get_node_snapshot{},
                                        render_document<node_snapshot>);
           });
  add_read(routes, status, "/health",
           [](status_pointer self, const names&, const reply_slot_ptr& slot) {
             answer_with<node_snapshot>(self, slot, self->state.manager,
                                        get_node_snapshot{}, render_health);
           });
  add_read(routes, status, "/peers",
           [](status_pointer self, const names&, const reply_slot_ptr& slot) {
             answer_with<peer_snapshots>(self, slot, self->state.parts.peers,
                                         get_peer_snapshots{},
                                         render_document<peer_snapshots>);
           });
  add_read(routes, status, "/peers/:id",
           [](status_pointer self, const names& parameters, const reply_slot_ptr& slot) {
             answer_peer(self, parameters[0], slot);
           });
  // The session sees to those that ask for the upgrade.
  routes.add(http::verb::get, "/events",
             [](const http_request&, const names&, const reply_slot_ptr& slot) {
               slot->answer([] {
                 return http_error(http::status::upgrade_required,
                                   "/events is a WebSocket: ask for the upgrade to it");
               });
             });
  add_read(routes, status, "/metrics",
           [](status_pointer self, const names&, const reply_slot_ptr& slot) {
             answer_metrics(self, slot);
           });
  add_read(routes, status, "/addresses",
           [](status_pointer self, const names&, const reply_slot_ptr& slot) {
             answer_with<known_address_list>(self, slot, self->state.parts.book,
                                             get_known_addresses{},
                                             render_document<known_address_list>);
           });
  add_read(routes, status, "/bans",
           [](status_pointer self, const names&, const reply_slot_ptr& slot) {
             answer_with<bans>(self, slot, self->state.parts.standing, get_bans{},
                               render_document<bans>);
           });
}

namespace {

/// Nothing if the request may go on.
std::optional<http_reply> check_writer(const http_request& what,
                                       const rpc_cookie* cookie) {
  // Browsers say where a page comes from; no page of others may act, whoever its user is.
  if (auto origin = what[http::field::origin]; !origin.empty()) {
    auto host = what[http::field::host];
    if (origin != "http://" + std::string(host))
      return http_error(http::status::forbidden, "pages from elsewhere cannot call");
  }
  if (!cookie)
    return http_error(http::status::forbidden,
                      "this node has no cookie, so nobody may call");
  auto given = what[http::field::authorization];
  if (cookie->accepts({given.data(), given.size()}))
    return std::nullopt;
  http_reply result{http::status::unauthorized, ""};
  result.authenticate = "Basic realm=\"jsonrpc\"";
  return result;
}

} // namespace

void add_rpc_endpoint(http_router& routes, const status_actor& status,
                      std::shared_ptr<const rpc_methods> methods,
                      std::shared_ptr<const rpc_cookie> cookie) {
  routes.add(http::verb::post, "/",
             [status, cookie = std::move(cookie),
              server = rpc_server{std::move(methods)}](const http_request& what,
                                                       const std::vector<std::string>&,
                                                       const reply_slot_ptr& slot) {
               if (auto refusal = check_writer(what, cookie.get()))
                 return slot->answer([refusal] { return *refusal; });
               server.serve(what.body(), status, slot);
             });
}

void add_fixed_endpoints(http_router& routes, std::string_view page) {
  routes.add(http::verb::get, "/schema/:name",
             [](const http_request&, const std::vector<std::string>& names,
                const reply_slot_ptr& slot) {
               slot->answer([name = names[0]] {
                 auto found = schema_of(name);
                 if (found.empty())
                   return http_error(http::status::not_found,
                                     "there is no schema named " + name);
                 return http_reply{http::status::ok, std::string(found),
                                   "application/schema+json"};
               });
             });
  if (page.empty())
    return;
  http_reply whole{http::status::ok, std::string(page), "text/html; charset=utf-8"};
  whole.content_security_policy =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'";
  routes.add(
    http::verb::get, "/",
    [whole](const http_request&, const std::vector<std::string>&,
            const reply_slot_ptr& slot) { slot->answer([whole] { return whole; }); });
}

} // namespace peerage
