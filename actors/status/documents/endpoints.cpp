// SPDX-License-Identifier: MIT
#include "actors/status/documents/endpoints.hpp"

#include "actors/interfaces/addresses.hpp"
#include "actors/interfaces/bans.hpp"
#include "actors/status/documents/document_adder.hpp"
#include "actors/status/documents/peer_endpoint.hpp"
#include "actors/status/documents/schemas.hpp"
#include "actors/status/http/list_reply.hpp"
#include "messages/known_address.hpp"

namespace peerage {

namespace {

/// The same for a list, whose entries become a JSON array.
template <class Answer, class Handle, class Question>
void answer_with_list(status_pointer self, const reply_slot_ptr& slot, const Handle& whom,
                      Question what) {
  ask<Answer>(self, whom, std::move(what), [slot](caf::expected<Answer> found) {
    if (found)
      answer_list(slot, std::move(found->entries));
    else
      slot->answer([why = found.error()] { return http_source_failed(why); });
  });
}

/// For lists of thousands: while many clients ask for one, making it takes at most a
/// fifth of the time.
constexpr unsigned list_rest = 4;

http_reply render_health(const node_snapshot& node) {
  return http_json({{"healthy", node.can_serve},
                    {"peers", {{"total", node.peers.total}, {"ready", node.peers.ready}}},
                    {"uptime", node.uptime}},
                   node.can_serve ? http::status::ok : http::status::service_unavailable);
}

} // namespace

void add_read_endpoints(http_router& routes, std::shared_ptr<http_executor> door,
                        const status_actor& status, const historian_actor& history) {
  document_adder documents{routes, std::move(door), status};
  documents.add("/status", [](status_pointer self, const reply_slot_ptr& slot) {
    answer_with<node_snapshot>(
      self, slot, self->state.manager, get_node_snapshot{},
      [](const node_snapshot& x) { return http_json(to_json(x)); });
  });
  documents.add(
    "/health",
    [](status_pointer self, const reply_slot_ptr& slot) {
      answer_with<node_snapshot>(self, slot, self->state.manager, get_node_snapshot{},
                                 render_health);
    },
    0, true);
  documents.add(
    "/peers",
    [](status_pointer self, const reply_slot_ptr& slot) {
      answer_with_list<peer_snapshots>(self, slot, self->state.parts.peers,
                                       get_peer_snapshots{});
    },
    list_rest);
  documents.add(
    "/addresses",
    [](status_pointer self, const reply_slot_ptr& slot) {
      answer_with_list<known_address_list>(self, slot, self->state.parts.book,
                                           get_known_addresses{});
    },
    list_rest);
  documents.add(
    "/bans",
    [](status_pointer self, const reply_slot_ptr& slot) {
      answer_with_list<bans>(self, slot, self->state.parts.ban_manager, get_bans{});
    },
    list_rest);
  documents.add(
    "/history",
    [history](status_pointer self, const reply_slot_ptr& slot) {
      answer_with_list<history_samples>(self, slot, history, get_history{});
    },
    list_rest);
  routes.add(http::verb::get, "/peers/:id",
             [status](const http_request&, const std::vector<std::string>& parameters,
                      const reply_slot_ptr& slot) {
               read_status(
                 status,
                 [id = parameters[0]](status_pointer self, const reply_slot_ptr& to) {
                   answer_peer(self, id, to);
                 },
                 slot);
             });
  // GET is for `http_upgrades`; only HEAD comes here.
  routes.add(
    http::verb::get, "/events",
    [](const http_request&, const std::vector<std::string>&, const reply_slot_ptr& slot) {
      slot->answer([] { return http_reply{http::status::ok, {}}; });
    });
}

namespace {

/// Empty if the request may go on.
std::optional<http_reply> check_writer(const http_request& what,
                                       const rpc_cookie* cookie) {
  // Browsers tell where a page comes from; no page of another site may act for its user.
  if (auto origin = what[http::field::origin]; !origin.empty()) {
    auto host = what[http::field::host];
    if (origin != "http://" + std::string(host))
      return http_error(http::status::forbidden, "pages from elsewhere cannot call");
  }
  if (!cookie)
    return http_error(http::status::forbidden,
                      "this node has no cookie, so calls are off");
  auto given = what[http::field::authorization];
  if (cookie->accepts({given.data(), given.size()}))
    return std::nullopt;
  http_reply result{http::status::unauthorized, {}};
  result.authenticate = "Basic realm=\"jsonrpc\"";
  return result;
}

} // namespace

void add_rpc_endpoint(http_router& routes, const status_actor& status,
                      std::shared_ptr<const rpc_methods> methods,
                      std::shared_ptr<const rpc_cookie> cookie) {
  http_router::route calls{
    http::verb::post, "/",
    [status, server = rpc_server{std::move(methods)}](
      const http_request& what, const std::vector<std::string>&,
      const reply_slot_ptr& slot) { server.serve(what.body(), status, slot); }};
  calls.check = [cookie = std::move(cookie)](const http_request& head) {
    return check_writer(head, cookie.get());
  };
  routes.add(std::move(calls));
}

namespace {

http_reply page_reply(const page_file& x) {
  const auto type = x.path.ends_with(".css")  ? "text/css; charset=utf-8"
                    : x.path.ends_with(".js") ? "text/javascript; charset=utf-8"
                                              : "text/html; charset=utf-8";
  http_reply result{http::status::ok, std::string(x.text), type};
  result.content_security_policy =
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
  return result;
}

} // namespace

void add_fixed_endpoints(http_router& routes, const std::vector<page_file>& page) {
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
  for (const auto& file : page)
    routes.add(http::verb::get, file.path,
               [whole = page_reply(file)](const http_request&,
                                          const std::vector<std::string>&,
                                          const reply_slot_ptr& slot) {
                 slot->answer([whole] { return whole; });
               });
}

} // namespace peerage
