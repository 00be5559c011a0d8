// SPDX-License-Identifier: MIT
#include "tests/integration/peer_group_fixture.hpp"

/// I6: a handshake finishes, or fails at its own deadline.
/// I8: a connector opens TCP, a handshake shakes hands; one policy of deadlines.
using namespace peerage;
using namespace peerage::test;

// -- I6 --------------------------------------------------------------------------------

TEST_CASE("I6: an unwanted peer shakes hands, and is closed") {
  test_node node{patiently()};
  SUBCASE("inbound") {
    node.ignore_inbound_results();
    auto remote = raw_peer::connect(node.listens_at());
    remote.shake_hands();
    CHECK(remote.read_end(in(drop_bound)) == stream_end::end_of_file);
    remote.close();
    CHECK(node.settled_at(node.baseline(), in(drop_bound)) == node.baseline());
  }
  SUBCASE("outbound") {
    raw_listener listener;
    auto before = node.now();
    dial(node.system(), node.context, listener.local(), node.another_sink());
    auto remote = listener.accept();
    remote.answer_handshake();
    CHECK(remote.read_end(in(drop_bound)) == stream_end::end_of_file);
    remote.close();
    CHECK(node.settled_at(before, in(drop_bound)) == before);
  }
  CHECK(node.outcomes_waiting() == 0);
}

namespace {

constexpr auto handshake_timeout = 300ms;

} // namespace

TEST_CASE("I6: a remote that stalls is given up at the handshake's own deadline") {
  struct stall {
    std::string name;
    std::function<void(raw_peer&)> begin;
    std::function<void(raw_peer&, std::size_t)> trickle;
  };
  auto version = raw_identity{}.version();
  auto magic = wire::parameters(wire::network::regtest).magic;
  auto bytes = wire::encode(magic, version);
  auto nothing = [](raw_peer&) {};
  auto silence = [](raw_peer&, std::size_t) {};
  auto ping = [](raw_peer& x, std::size_t i) {
    x.send_some(x.encoded(wire::ping{i + 1}), in(1s));
  };
  const std::vector<stall> stalls{
    {"before version", nothing, silence},
    {"in the middle of a header",
     [&](raw_peer& x) {
       x.send({bytes.begin(), bytes.begin() + 10});
     },
     silence},
    {"in the middle of version",
     [&](raw_peer& x) {
       x.send({bytes.begin(), bytes.begin() + 60});
     },
     silence},
    {"before verack", [&](raw_peer& x) { x.send(version); }, silence},
    {"trickling version", nothing,
     [&](raw_peer& x, std::size_t i) { x.send_some({bytes[i % bytes.size()]}, in(1s)); }},
    {"pinging before version", nothing, ping},
    {"pinging before verack", [&](raw_peer& x) { x.send(version); }, ping},
  };
  test_node_options options;
  options.adjust = [](node_context& context) {
    patient(context);
    context.timing.handshake_timeout = handshake_timeout;
  };
  test_node node{std::move(options)};
  for (const auto& stall : stalls) {
    CAPTURE(stall.name);
    for (bool inbound : {true, false}) {
      CAPTURE(inbound);
      raw_listener listener;
      auto start = wall_clock::now();
      if (!inbound)
        node.dial(listener.local());
      auto remote = inbound ? raw_peer::connect(node.listens_at()) : listener.accept();
      stall.begin(remote);
      auto end = stream_end::open;
      for (std::size_t i = 0; i < 500 && end == stream_end::open; ++i) {
        stall.trickle(remote, i);
        // Waits for the end, and so for the next time to trickle.
        end = remote.read_end(in(10ms));
      }
      auto took = since(start);
      CHECK(end != stream_end::open);
      CHECK(took > milliseconds(handshake_timeout) - 5);
      CHECK(took < milliseconds(handshake_timeout + slack));
      CHECK(remote.pings == 0);
      CHECK(node.next_failure().reason == peer_exit::handshake_timeout);
    }
  }
  CHECK(node.settled_at(node.baseline()) == node.baseline());
}

// -- I8 --------------------------------------------------------------------------------

namespace {

constexpr auto connect_budget = 250ms;
constexpr auto handshake_budget = 400ms;

test_node_options with_budgets() {
  test_node_options result;
  result.adjust = [](node_context& context) {
    patient(context);
    context.timing.connect_timeout = connect_budget;
    context.timing.handshake_timeout = handshake_budget;
  };
  return result;
}

} // namespace

TEST_CASE("I8: a refused dial fails at once") {
  test_node node{with_budgets()};
  auto nobody = raw_listener{}.local(); // closed again
  auto start = wall_clock::now();
  node.dial(nobody);
  auto failure = node.next_failure();
  CHECK(failure.reason == peer_exit::connect_refused);
  CHECK(failure.remote == nobody);
  CHECK(failure.direction == peer_direction::outbound);
  CHECK(since(start) < milliseconds(connect_budget));
  CHECK(node.settled_at(node.baseline()) == node.baseline());
}

TEST_CASE("I8: dials into a black hole end at the connect deadline, side by side") {
  constexpr int dials = 20;
  test_node node{with_budgets()};
  {
    raw_listener black_hole{0};
    black_hole.fill();
    auto start = wall_clock::now();
    for (int i = 0; i < dials; ++i)
      node.dial(black_hole.local());
    for (int i = 0; i < dials; ++i)
      CHECK(node.next_failure().reason == peer_exit::connect_timeout);
    CHECK(since(start) > milliseconds(connect_budget) - 5);
    CHECK(since(start) < milliseconds(connect_budget + slack));
  }
  CHECK(node.settled_at(node.baseline()) == node.baseline());
}

TEST_CASE("I8: a socket that is open but silent ends at the handshake deadline") {
  test_node node{with_budgets()};
  {
    raw_listener silent; // the kernel opens TCP; no accept ever follows
    auto start = wall_clock::now();
    node.dial(silent.local());
    CHECK(node.next_failure().reason == peer_exit::handshake_timeout);
    CHECK(since(start) > milliseconds(handshake_budget) - 5);
    CHECK(since(start) < milliseconds(handshake_budget + slack));
  }
  CHECK(node.settled_at(node.baseline()) == node.baseline());
}

TEST_CASE("I8: a node that dials itself finds out, and no peer is left on either side") {
  test_node node{with_budgets()};
  node.dial(node.listens_at());
  std::optional<peer_exit> dialed, accepted;
  for (int i = 0; i < 2; ++i) {
    auto failure = node.next_failure();
    (failure.direction == peer_direction::inbound ? accepted : dialed) = failure.reason;
  }
  // The accepting side sees the nonce first, and says nothing before it hangs up; but the
  // dialing side learns of it.
  CHECK(accepted == peer_exit::self_connection);
  CHECK(dialed == peer_exit::self_connection);
  CHECK(node.outcomes_waiting() == 0);
  CHECK(node.settled_at(node.baseline()) == node.baseline());
}

TEST_CASE("I8: the dialing side knows its own nonce as well, from any remote") {
  test_node node{with_budgets()};
  raw_listener listener;
  auto before = node.now();
  for (bool same_connection : {true, false}) {
    CAPTURE(same_connection);
    node.dial(listener.local());
    auto remote = listener.accept();
    auto theirs = std::get<wire::version>(remote.expect("version").decoded());
    raw_identity mirror;
    mirror.nonce = theirs.nonce;
    if (same_connection) {
      remote.send(mirror.version());
      auto failure = node.next_failure();
      CHECK(failure.reason == peer_exit::self_connection);
      CHECK(failure.direction == peer_direction::outbound);
    } else {
      auto other = raw_peer::connect(node.listens_at());
      other.send(mirror.version());
      auto failure = node.next_failure();
      CHECK(failure.reason == peer_exit::self_connection);
      CHECK(failure.direction == peer_direction::inbound);
      CHECK(other.read_end() == stream_end::end_of_file);
      // The dial itself goes on: the nonce may be repeated by a stranger.
      remote.send(remote.handshake_bytes());
      CHECK(node.next_ready().client);
    }
    CHECK(remote.read_end() == stream_end::end_of_file);
  }
  CHECK(node.settled_at(before) == before);
}
