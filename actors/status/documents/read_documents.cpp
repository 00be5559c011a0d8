// SPDX-License-Identifier: MIT
#include "actors/status/documents/read_documents.hpp"

#include "actors/interfaces/addresses.hpp"
#include "actors/interfaces/bans.hpp"
#include "actors/status/documents/document_adder.hpp"
#include "actors/status/documents/one_peer.hpp"
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

void add_read_documents(http_router& routes, std::shared_ptr<http_executor> door,
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

} // namespace peerage
