// SPDX-License-Identifier: MIT
#include "actors/status/documents/one_peer.hpp"

#include "actors/base/gathering.hpp"
#include "actors/interfaces/peer.hpp"
#include "actors/interfaces/peer_set.hpp"

#include <charconv>

namespace peerage {

namespace {

using nlohmann::json;

/// The answer so far; all parts are asked for at once.
struct peer_answer {
  std::string id_text;
  caf::expected<peer_snapshots> snapshots{peer_snapshots{}};
  peer_group group;
  event_batch history;
};

http_reply not_there(const std::string& id_text) {
  return http_error(http::status::not_found, "there is no peer with the id " + id_text);
}

http_reply render(const peer_answer& x) {
  if (!x.snapshots)
    return http_source_failed(x.snapshots.error());
  if (x.snapshots->entries.empty())
    return not_there(x.id_text);
  const auto& peer = x.snapshots->entries.front();
  auto actors = json::array();
  for (const auto& actor : x.group.actors)
    actors.push_back(
      {{"name", actor.name}, {"id", actor.id}, {"mailbox", actor.mailbox}});
  auto history = json::array();
  for (const auto& happened : x.history.entries)
    history.push_back(to_json(happened));
  auto result = to_json(peer);
  result["group"] = {{"actors", std::move(actors)},
                     {"credit", peer.credit},
                     {"history", std::move(history)}};
  return http_json(result);
}

} // namespace

void answer_peer(status_pointer self, const std::string& id_text,
                 const reply_slot_ptr& slot) {
  peer_id id = 0;
  const auto* last = id_text.data() + id_text.size();
  auto [end, error] = std::from_chars(id_text.data(), last, id);
  if (error != std::errc{} || end != last || id == 0)
    return slot->answer([id_text] { return not_there(id_text); });
  auto all = std::make_shared<gathering<peer_answer>>([slot](peer_answer&& x) {
    slot->answer([found = std::move(x)] { return render(found); });
  });
  all->found.id_text = id_text;
  const auto& parts = self->state.parts;
  all->expect();
  ask<peer_snapshots>(self, parts.peers, get_snapshot_of{id},
                      [all](caf::expected<peer_snapshots> found) {
                        all->found.snapshots = std::move(found);
                        all->one_less();
                      });
  all->expect();
  self->request(parts.peers, status_limits::source_deadline, caf::get_atom_v, id)
    .then(
      [self, all](const client_actor& client) {
        all->ask<peer_group>(
          self, client, status_limits::source_deadline, get_peer_group{},
          [](peer_answer& to, peer_group& x) { to.group = std::move(x); });
        all->one_less();
      },
      [all](caf::error&) { all->one_less(); });
  get_event_history subject;
  subject.peer = id;
  all->ask<event_batch>(
    self, parts.events, status_limits::source_deadline, subject,
    [](peer_answer& to, event_batch& x) { to.history = std::move(x); });
  all->close();
}

} // namespace peerage
