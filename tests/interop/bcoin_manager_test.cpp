// SPDX-License-Identifier: MIT
#include "actors/interfaces/node.hpp"
#include "actors/interfaces/peer.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "tests/interop/bcoin_fixture.hpp"

#include <numeric>

/// A manager of ours, while bcoin is killed and comes back.
namespace peerage::test {

namespace {

/// A node of ours with a peer manager. We dial: bcoin is manual. It dials: there is a
/// single inbound slot, and bcoin is told where.
struct managed_node : our_node {
  managed_node(peer_direction direction, bcoin_node& remote) : node(remote) {
    peer_manager_options options;
    options.max_inbound = 1;
    auto bcoin_at = ipv4_endpoint(127, 0, 0, 1, node.port());
    if (direction == peer_direction::outbound) {
      options.manual.push_back(bcoin_at);
    } else {
      std::string error;
      auto acceptor =
        sockets->listen(bcoin_at.with_port(0), context->network.magic, error);
      REQUIRE_MESSAGE(acceptor, error);
      port = acceptor->local().port;
      options.acceptors.push_back(std::move(acceptor));
    }
    manager = start_peer_manager(system, context, std::move(options));
    peers = get<peer_set_actor>(manager, caf::get_atom_v);
  }

  ~managed_node() {
    self->monitor(manager);
    self->send_exit(manager, caf::exit_reason::user_shutdown);
    bool ended = false;
    self->receive([&](const caf::down_msg&) { ended = true; },
                  caf::after(stop_deadline + 1s) >> [] {});
    CHECK_MESSAGE(ended, "the peer manager did not stop in time");
  }

  void tell_bcoin_to_dial() {
    if (port != 0)
      node.command({{"cmd", "connect"}, {"host", "127.0.0.1"}, {"port", port}});
  }

  /// Waits until the set is as described. It tells only its own observers of changes, so
  /// a test can but ask again; between two questions it listens for nothing.
  peer_set_snapshot await(const std::function<bool(const peer_set_snapshot&)>& fits) {
    auto deadline = std::chrono::steady_clock::now() + soon;
    for (;;) {
      auto snapshot = get<peer_set_snapshot>(peers, get_peer_set_snapshot{});
      CHECK(snapshot.total == snapshot.ready + snapshot.unready);
      if (fits(snapshot) || std::chrono::steady_clock::now() > deadline) {
        CHECK(fits(snapshot));
        return snapshot;
      }
      self->receive([](const caf::timeout_msg&) {}, caf::after(20ms) >> [] {});
    }
  }

  /// Waits for the one peer that the set then has.
  peer_snapshot await_peer() {
    await([](const peer_set_snapshot& x) { return x.total == 1 && x.ready == 1; });
    auto all = get<peer_snapshots>(manager, get_peer_snapshots{}).entries;
    REQUIRE(all.size() == 1);
    return all.front();
  }

  client_actor client_of(peer_id id) {
    std::optional<client_actor> result;
    self->request(peers, soon, caf::get_atom_v, id)
      .receive([&](client_actor& x) { result = std::move(x); }, [](caf::error&) {});
    REQUIRE(result);
    return *result;
  }

  bcoin_node& node;
  std::uint16_t port = 0; ///< Where we accept; 0 if we dial.
  peer_manager_actor manager;
  peer_set_actor peers;
};

BOTH_WAYS("bcoin is killed, noticed, and connected again when it is back") {
  bcoin_node mortal;
  managed_node ours{Side::direction, mortal};
  ours.tell_bcoin_to_dial();
  auto before = ours.await_peer();
  CHECK(before.info.direction == Side::direction);
  CHECK(before.info.user_agent == "/bcoin:v1.0.2/");

  // Its address book is empty, so this request stays open.
  auto client = ours.client_of(before.info.id);
  auto open = ours.self->request(client, 3 * soon, get_addresses{2 * soon});
  CHECK(ours.get<peer_snapshot>(client, get_peer_snapshot{}).requests_in_flight == 1);
  mortal.kill();
  int answers = 0;
  caf::error failure;
  open.receive([&](const addresses&) { ++answers; },
               [&](caf::error& why) {
                 ++answers;
                 failure = std::move(why);
               });
  CHECK(answers == 1);
  CHECK(outcome_of(failure) == request_error::peer_gone);
  auto reason = exit_of_request(failure);
  CAPTURE(to_string(reason));
  CHECK((reason == peer_exit::remote_closed || reason == peer_exit::socket_error));

  auto after = ours.await([](const peer_set_snapshot& x) { return x.total == 0; });
  CHECK(after.exits[static_cast<std::size_t>(reason)] == 1);
  CHECK(std::accumulate(after.exits.begin(), after.exits.end(), std::uint64_t{0}) == 1);
  CHECK(ours.failure_of<latency>(client, measure_latency{}) == request_error::peer_gone);

  mortal.start();
  ours.tell_bcoin_to_dial();
  mortal.wait_event("peer"); // the dialer tries again on its own
  auto again = ours.await_peer();
  CHECK(again.info.id > before.info.id);
  CHECK(again.info.direction == Side::direction);

  // It is as good as the first one.
  auto tip = mortal.command({{"cmd", "mine"}, {"count", 5}})["tip"];
  auto found = ours
                 .get<headers>(ours.client_of(again.info.id),
                               get_headers{{ours.context->network.genesis}, {}, {}})
                 .entries;
  REQUIRE(found.size() == 5);
  CHECK(to_string(found.back().hash()) == tip);
}

} // namespace

} // namespace peerage::test
