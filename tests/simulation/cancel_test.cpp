// SPDX-License-Identifier: MIT
#include "actors/base/cancel_request.hpp"
#include "actors/events/event_log.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "actors/peer_set/held_requests.hpp"
#include "tests/simulation/requests_fixture.hpp"
#include "tests/simulation/set_world.hpp"

/// A caller may lose interest: the request ends as `cancelled`, once (I3), and takes no
/// place any more.
using namespace peerage;
using namespace peerage::test;

namespace {

template <class Reply>
struct asking {
  std::shared_ptr<simulation::asked<Reply>> outcome =
    std::make_shared<simulation::asked<Reply>>();
  caf::actor asker;

  bool was_cancelled() const {
    return outcome->replies == 1 &&
           failure_of(outcome->failure) == request_error::cancelled;
  }
};

/// A request that can be cancelled.
template <class Reply, class Handle, class Request>
asking<Reply> begin(simulation& world, const Handle& whom, Request what) {
  asking<Reply> result;
  result.asker =
    world.system.spawn([whom = whom.address(), what, outcome = result.outcome](
                         caf::event_based_actor* self) -> caf::behavior {
      auto response = self->request(caf::actor_cast<Handle>(whom), caf::infinite, what);
      response.then(
        [outcome](Reply& x) {
          ++outcome->replies;
          outcome->value = std::move(x);
        },
        [outcome](caf::error& why) {
          ++outcome->replies;
          outcome->failure = std::move(why);
        });
      return {[self, whom, id = response.id().integer_value()](caf::tick_atom) {
        self->send(caf::actor_cast<cancellable_actor>(whom), cancel_request{id});
      }};
    });
  world.run();
  return result;
}

template <class Reply>
void cancel(simulation& world, const asking<Reply>& x) {
  caf::anon_send(x.asker, caf::tick_atom_v);
  world.run();
}

wait_for_peers two_peers() {
  return {wait_for_peers::condition::ready_count, 2, {}, {}, 60s};
}

} // namespace

TEST_CASE("a cancelled request without a peer takes no place of the others") {
  set_world world;
  for (std::size_t i = 0; i < held_requests::max_requests + 2; ++i) {
    auto gone = begin<latency>(world, world.set, measure_latency{});
    cancel(world, gone);
    CHECK(gone.was_cancelled());
    cancel(world, gone); // a second time, or too late, is nothing
  }
  auto stays = begin<latency>(world, world.set, measure_latency{});
  auto gone = begin<latency>(world, world.set, measure_latency{});
  cancel(world, gone);
  CHECK(gone.was_cancelled());
  CHECK(stays.outcome->replies == 0);
}

TEST_CASE("a cancelled wait takes no place of the others") {
  set_world world;
  constexpr auto most = decltype(peer_set_state::waiting)::max_waiting;
  for (std::size_t i = 0; i < most + 2; ++i) {
    auto gone = begin<peers_waited_for>(world, world.set, two_peers());
    cancel(world, gone);
    CHECK(gone.was_cancelled());
    cancel(world, gone); // a second time, or too late, is nothing
  }
  auto stays = begin<peers_waited_for>(world, world.set, two_peers());
  auto gone = begin<peers_waited_for>(world, world.set, two_peers());
  cancel(world, gone);
  world.join();
  world.join();
  CHECK(stays.outcome->value);
  CHECK(gone.was_cancelled());
}

TEST_CASE("a wait for an event is cancelled") {
  simulation world;
  auto log = world.system.spawn(event_log, world.context->alarms, world.context->merger,
                                world.context->wall);
  get_events wanted;
  wanted.wait = 60s;
  auto gone = begin<event_batch>(world, log, wanted);
  auto stays = begin<event_batch>(world, log, wanted);
  cancel(world, gone);
  CHECK(gone.was_cancelled());
  world.advance(61s);
  CHECK(stays.outcome->value);
  CHECK(gone.outcome->replies == 1);
  caf::anon_send_exit(log, caf::exit_reason::user_shutdown);
  world.run();
}

TEST_CASE("what is no longer wanted of a peer makes room for what is") {
  world_with_peer world;
  auto a = make_block(1);
  const get_blocks what{{a.hash()}, 3600s};
  std::vector<asking<blocks>> all;
  for (std::size_t i = 0; i < max_keyed_in_flight + max_requests_queued; ++i)
    all.push_back(begin<blocks>(world, world.client, what));
  auto lists = begin<headers>(world, world.client, get_headers{{{}}, {}, 3600s});
  auto refused = begin<blocks>(world, world.client, what);
  CHECK(failure_of(refused.outcome->failure) == request_error::overloaded);
  for (const auto& x : all) {
    CHECK(x.outcome->replies == 0);
    cancel(world, x);
    CHECK(x.was_cancelled());
  }
  cancel(world, lists);
  CHECK(lists.was_cancelled());
  world.remote.take();
  auto next = begin<blocks>(world, world.client, what);
  world.remote.send(a);
  world.run();
  REQUIRE(next.outcome->value);
  CHECK(next.outcome->value->entries[0].available);
}

TEST_CASE("what is no longer wanted of the set is no longer wanted of its peers") {
  set_world world;
  auto peer = world.join();
  auto a = make_block(1), b = make_block(2);
  std::vector<asking<blocks>> fetches;
  std::vector<asking<headers>> lists;
  for (int i = 0; i < 50; ++i) {
    fetches.push_back(
      begin<blocks>(world, world.set, get_blocks{{a.hash(), b.hash()}, 3600s}));
    lists.push_back(begin<headers>(world, world.set, get_headers{{{}}, {}, 3600s}));
    cancel(world, fetches.back());
    cancel(world, lists.back());
    CHECK(fetches.back().was_cancelled());
    CHECK(lists.back().was_cancelled());
  }
  peer.remote.take();
  auto next = begin<blocks>(world, world.set, get_blocks{{a.hash()}, 60s});
  peer.remote.send(a);
  world.run();
  REQUIRE(next.outcome->value);
  CHECK(next.outcome->value->entries[0].available);
  world.advance(3601s);
  for (const auto& x : fetches)
    CHECK(x.outcome->replies == 1);
}
