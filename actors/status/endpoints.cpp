#include "actors/status/endpoints.hpp"

#include "actors/status/discovery_json.hpp"

#include <caf/sec.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <charconv>

namespace peerage {

namespace {

using nlohmann::json;

http_reply json_reply(const json& body, http::status status = http::status::ok) {
  return {status, body.dump(-1, ' ', false, json::error_handler_t::replace) + "\n"};
}

http_reply source_failed(const caf::error& failure) {
  if (failure == caf::sec::request_timeout)
    return http_error(http::status::gateway_timeout, "the node did not answer in time");
  return http_error(http::status::service_unavailable, "the node is stopping");
}

/// Asks an owner; `render` makes the answer of what comes back, on the HTTP thread.
template <class Answer, class Handle, class Question, class Render>
void answer_with(status_pointer self, const reply_slot_ptr& slot, const Handle& whom,
                 Question what, Render render) {
  ask<Answer>(self, whom, std::move(what), [slot, render](caf::expected<Answer> found) {
    slot->answer([render, found = std::move(found)] {
      return found ? render(*found) : source_failed(found.error());
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
  return json_reply(to_json(x));
}

http_reply render_peer(const std::string& id_text, const peer_snapshots& peers) {
  peer_id id = 0;
  auto last = id_text.data() + id_text.size();
  auto [end, error] = std::from_chars(id_text.data(), last, id);
  auto found = std::ranges::find(peers.entries, id,
                                 [](const peer_snapshot& x) { return x.info.id; });
  if (error != std::errc{} || end != last || found == peers.entries.end())
    return http_error(http::status::not_found, "there is no peer with the id " + id_text);
  return json_reply(to_json(*found));
}

http_reply render_health(const node_snapshot& node) {
  return json_reply(
    {{"healthy", node.can_serve},
     {"peers", {{"total", node.peers.total}, {"ready", node.peers.ready}}},
     {"uptime", node.uptime}},
    node.can_serve ? http::status::ok : http::status::service_unavailable);
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
             answer_with<peer_snapshots>(self, slot, self->state.parts.peers,
                                         get_peer_snapshots{},
                                         [id = parameters[0]](const peer_snapshots& x) {
                                           return render_peer(id, x);
                                         });
           });
  // The session sees to those that ask for the upgrade.
  routes.add(http::verb::get, "/events",
             [](const http_request&, const names&, const reply_slot_ptr& slot) {
               slot->answer([] {
                 return http_error(http::status::upgrade_required,
                                   "/events is a WebSocket: ask for the upgrade to it");
               });
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

} // namespace peerage
