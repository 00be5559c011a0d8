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

/// Asks with `Query`; `render` makes the answer of what comes back.
template <class Query>
void ask(const status_actor& status, const reply_slot_ptr& slot,
         std::function<http_reply(const typename Query::answer&)> render) {
  using answer = typename Query::answer;
  caf::anon_send(
    status, Query{{}, [slot, render = std::move(render)](caf::expected<answer> found) {
                    slot->answer([render, found = std::move(found)] {
                      return found ? render(*found) : source_failed(found.error());
                    });
                  }});
}

/// GET of a document without parameters.
template <class Query>
void add_document(router& routes, const status_actor& status, const std::string& path) {
  routes.add(http::verb::get, path,
             [status](const http_request&, const std::vector<std::string>&,
                      const reply_slot_ptr& slot) {
               ask<Query>(status, slot, [](const typename Query::answer& x) {
                 return json_reply(to_json(x));
               });
             });
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

void add_read_endpoints(router& routes, const status_actor& status) {
  using parameters = std::vector<std::string>;
  add_document<query_node>(routes, status, "/status");
  add_document<query_peers>(routes, status, "/peers");
  add_document<query_addresses>(routes, status, "/addresses");
  add_document<query_bans>(routes, status, "/bans");
  routes.add(
    http::verb::get, "/peers/:id",
    [status](const http_request&, const parameters& names, const reply_slot_ptr& slot) {
      ask<query_peers>(status, slot, [id = names[0]](const peer_snapshots& x) {
        return render_peer(id, x);
      });
    });
  routes.add(
    http::verb::get, "/health",
    [status](const http_request&, const parameters&, const reply_slot_ptr& slot) {
      ask<query_node>(status, slot, render_health);
    });
}

} // namespace peerage
