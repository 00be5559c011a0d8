#include "actors/status/documents/peer_endpoint.hpp"

#include "actors/interfaces/peer.hpp"
#include "actors/interfaces/peer_set.hpp"

#include <charconv>

namespace peerage {

namespace {

using nlohmann::json;

/// What is known so far; the parts are asked for at once.
struct peer_answer {
  std::string id_text;
  reply_slot_ptr slot;
  caf::expected<peer_snapshots> snapshots{peer_snapshots{}};
  peer_group group;
  event_batch history;
  std::size_t missing = 3;
};
using peer_answer_ptr = std::shared_ptr<peer_answer>;

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

void one_less(const peer_answer_ptr& x) {
  if (--x->missing == 0)
    x->slot->answer([x] { return render(*x); });
}

} // namespace

void answer_peer(status_pointer self, const std::string& id_text,
                 const reply_slot_ptr& slot) {
  peer_id id = 0;
  const auto* last = id_text.data() + id_text.size();
  auto [end, error] = std::from_chars(id_text.data(), last, id);
  if (error != std::errc{} || end != last || id == 0)
    return slot->answer([id_text] { return not_there(id_text); });
  auto all = std::make_shared<peer_answer>();
  all->id_text = id_text;
  all->slot = slot;
  const auto& parts = self->state.parts;
  ask<peer_snapshots>(self, parts.peers, get_snapshot_of{id},
                      [all](caf::expected<peer_snapshots> found) {
                        all->snapshots = std::move(found);
                        one_less(all);
                      });
  self->request(parts.peers, status_limits::source_deadline, caf::get_atom_v, id)
    .then(
      [self, all](const client_actor& client) {
        ask<peer_group>(self, client, get_peer_group{},
                        [all](caf::expected<peer_group> found) {
                          if (found)
                            all->group = std::move(*found);
                          one_less(all);
                        });
      },
      [all](caf::error&) { one_less(all); });
  get_event_history subject;
  subject.peer = id;
  ask<event_batch>(self, parts.events, subject, [all](caf::expected<event_batch> found) {
    if (found)
      all->history = std::move(*found);
    one_less(all);
  });
}

} // namespace peerage
