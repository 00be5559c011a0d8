// SPDX-License-Identifier: MIT
#include "actors/interfaces/peer.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "actors/peer_set/collect_snapshots.hpp"

#include "tests/simulation/set_world.hpp"

using namespace peerage;
using namespace peerage::test;

namespace {

/// A set of peers that have nothing but a client, which answers when the test says so.
class asked_set : public set_world {
public:
  using set_world::set_world;

  ~asked_set() { clients.clear(); }

  void join_fakes(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      peer_info info;
      info.id = clients.size() + 1;
      info.remote = ipv4_endpoint(30, 0, 0, 1, static_cast<std::uint16_t>(info.id));
      auto fake = system.spawn([this, id = info.id](caf::event_based_actor* self) {
        using promise = caf::typed_response_promise<peer_snapshot>;
        auto open = std::make_shared<std::vector<promise>>();
        return caf::behavior{[=, this](get_peer_snapshot) {
                               asked.push_back(id);
                               open->push_back(
                                 self->make_response_promise<peer_snapshot>());
                               return open->back();
                             },
                             [=](caf::ok_atom) {
                               peer_snapshot found;
                               found.info.id = id;
                               for (auto& x : *open)
                                 x.deliver(found);
                               open->clear();
                             }};
      });
      clients.push_back(caf::actor_cast<client_actor>(fake));
      caf::anon_send(set, join_set{{info, clients.back()}, true});
    }
    run();
  }

  void answer(peer_id x) {
    caf::anon_send(caf::actor_cast<caf::actor>(clients[x - 1]), caf::ok_atom_v);
    run();
  }

  /// Peers answer as they are asked, except some.
  void answer_all_but(const std::vector<peer_id>& silent = {}) {
    for (std::size_t i = 0; i < asked.size(); ++i)
      if (std::ranges::count(silent, asked[i]) == 0)
        answer(asked[i]);
  }

  auto collect() {
    auto result = ask<peer_snapshots>(set, get_peer_snapshots{});
    run();
    return result;
  }

  std::vector<client_actor> clients; ///< Of the peers 1, 2 …
  std::vector<peer_id> asked;        ///< In the order of the questions.
};

std::vector<peer_id> ids_from(peer_id first, peer_id last) {
  std::vector<peer_id> result;
  for (auto id = first; id <= last; ++id)
    result.push_back(id);
  return result;
}

} // namespace

TEST_CASE("a collection asks a bounded number of peers at a time, and lists all by id") {
  asked_set world;
  world.join_fakes(300);
  auto list = world.collect();
  CHECK(world.asked.size() == collect_places);
  // The last one first: the order of the answers is not that of the list.
  world.answer(world.asked.back());
  CHECK(world.asked.size() == collect_places + 1);
  world.answer_all_but();
  REQUIRE(list->value);
  REQUIRE(list->value->entries.size() == 300);
  for (std::size_t i = 0; i < 300; ++i)
    CHECK(list->value->entries[i].info.id == i + 1);
  CHECK(list->value->entries[7].manual);
  CHECK(world.asked.size() == 300);
}

TEST_CASE("one silent peer costs the list a second, and the others nothing") {
  asked_set world;
  world.join_fakes(300);
  auto list = world.collect();
  world.answer_all_but({5});
  CHECK(world.asked.size() == 300);
  CHECK(list->replies == 0);
  world.advance(collect_patience - 50ms);
  CHECK(list->replies == 0);
  world.advance(100ms);
  REQUIRE(list->value);
  CHECK(list->value->entries.size() == 299);
  CHECK(list->value->entries[3].info.id == 4);
  CHECK(list->value->entries[4].info.id == 6);
}

TEST_CASE("peers that are slow to answer leave their places, and are listed") {
  asked_set world;
  world.join_fakes(300);
  auto list = world.collect();
  const auto slow = ids_from(1, collect_places);
  CHECK(world.asked.size() == collect_places);
  world.advance(collect_place_time);
  world.answer_all_but(slow);
  CHECK(list->replies == 0);
  world.answer_all_but({});
  REQUIRE(list->value);
  CHECK(list->value->entries.size() == 300);
}

TEST_CASE("a collection among nothing but silent peers ends within two seconds") {
  asked_set world;
  world.join_fakes(3000);
  auto list = world.collect();
  world.advance(2s);
  REQUIRE(list->value);
  CHECK(list->value->entries.empty());
  // Peers that join meanwhile do not make it longer.
  auto next = world.collect();
  world.join_fakes(10);
  world.advance(2s);
  CHECK(next->replies == 1);
}

TEST_CASE("a collection knows peers by their ids only, and misses those that leave") {
  asked_set world;
  world.join_fakes(200);
  auto list = world.collect();
  // One that is asked, one that waits for its turn.
  for (auto* left : {&world.clients[0], &world.clients[199]}) {
    caf::anon_send_exit(*left, caf::exit_reason::user_shutdown);
    *left = nullptr;
  }
  world.run();
  CHECK(world.counts().total == 198);
  world.asked.erase(world.asked.begin()); // the one that is gone
  world.answer_all_but();
  world.advance(collect_place_time); // a peer that has gone does not answer
  REQUIRE(list->value);
  CHECK(list->value->entries.size() == 198);
}

TEST_CASE("collections of an empty set and of one peer are answered") {
  asked_set world;
  auto nobody = world.collect();
  REQUIRE(nobody->value);
  CHECK(nobody->value->entries.empty());
  world.join_fakes(3);
  auto one = world.ask<peer_snapshots>(world.set, get_snapshot_of{2});
  world.run();
  CHECK(world.asked.size() == 1);
  world.answer_all_but();
  REQUIRE(one->value);
  REQUIRE(one->value->entries.size() == 1);
  CHECK(one->value->entries[0].info.id == 2);
}
