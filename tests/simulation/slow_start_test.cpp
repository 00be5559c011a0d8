// SPDX-License-Identifier: MIT
#include "actors/node/peer_manager.hpp"
#include "actors/status/documents/historian.hpp"
#include "actors/status/http/status_actor.hpp"
#include "tests/simulation/simulation.hpp"

/// A node that is so busy when it starts that its manager answers late.
using namespace peerage;
using namespace peerage::test;

namespace {

struct busy_node : simulation {
  busy_node() {
    auto own =
      std::make_shared<node_context>(wire::parameters(wire::network::regtest), 1);
    own->sockets = sockets;
    share_wall_clock(*own);
    own->service = system.spawn(chain_service, std::shared_ptr<const regtest_chain>{});
    service = own->service;
    manager = start_peer_manager(system, own, {});
  }
  ~busy_node() {
    caf::anon_send_exit(manager, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(service, caf::exit_reason::user_shutdown);
    run();
  }

  status_source_actor source() const {
    return caf::actor_cast<status_source_actor>(manager);
  }

  /// It asks now, and has no answer for a minute.
  template <class Handle>
  void ask_and_wait(const Handle& whom) {
    REQUIRE(scheduler().prioritize(whom));
    scheduler().run_once();
    scheduler().advance_time(1min);
    run();
  }

  inbound_service_actor service;
  peer_manager_actor manager;
};

} // namespace

TEST_CASE("the status socket is answered for when the node has started at last") {
  busy_node node;
  auto subject = node.system.spawn(status, node.source(), nullptr);
  node.ask_and_wait(subject);
  bool known = false;
  caf::anon_send(subject, status_task{[&known](status_pointer self) {
                   known = self->state.parts.peers != nullptr;
                 }});
  node.run();
  CHECK(known);
  caf::anon_send_exit(subject, caf::exit_reason::user_shutdown);
}

TEST_CASE("so is its history") {
  busy_node node;
  auto subject = node.system.spawn(historian, node.source());
  node.ask_and_wait(subject);
  const auto found = node.answer_to<history_samples>(subject, get_history{});
  REQUIRE(found);
  CHECK(found->entries.size() == 1);
  caf::anon_send_exit(subject, caf::exit_reason::user_shutdown);
}
