// SPDX-License-Identifier: MIT
#include "actors/dialing/named_peers.hpp"
#include "tests/support/endpoints.hpp"

#include <doctest/doctest.h>

using namespace peerage;
using namespace peerage::test;
using namespace std::chrono_literals;
using names = std::vector<host_name>;

namespace {

const host_name node{"node.example", 8333};
const host_name other{"other.example", 8333};

struct fixture {
  random_source random{1};
  named_peers peers{random};
  time_point now{5h};

  /// The pause until the next lookup, in seconds.
  double pause() const {
    const auto next = peers.next_lookup();
    return next ? std::chrono::duration<double>(*next - now).count() : -1;
  }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a name is looked up at once, and one lookup is enough") {
  peers.add(node, now);
  peers.add(other, now);
  CHECK(pause() == 0);
  CHECK(peers.take_due(now) == names{node, other});
  CHECK(peers.take_due(now + 1h).empty());
  CHECK(pause() == -1);
}

TEST_CASE_FIXTURE(fixture, "an address is the name's until its connection has ended") {
  peers.add(node, now);
  peers.take_due(now);
  CHECK(peers.found(node, {at("10.0.0.1:8333")}));
  CHECK(peers.contains(at("10.0.0.1:8333")));
  CHECK(peers.take_due(now + 1h).empty());
  CHECK(peers.joined(at("10.0.0.1:8333"), now));
  now += 1h;
  CHECK(peers.left(at("10.0.0.1:8333"), now));
  CHECK_FALSE(peers.contains(at("10.0.0.1:8333")));
  CHECK(pause() >= 1);
  CHECK(pause() <= 1.25);
  CHECK(peers.take_due(now).empty());
  CHECK(peers.take_due(now + 2s) == names{node});
}

TEST_CASE_FIXTURE(fixture, "pauses double, up to a minute, whatever fails") {
  peers.add(node, now);
  for (double least : {1, 2, 4, 8, 16, 32, 60, 60}) {
    CHECK(peers.take_due(now) == names{node});
    if (least == 4) { // in the midst of it: a dial, and a connection that does not last
      peers.found(node, {at("10.0.0.1:8333")});
      CHECK(peers.dial_failed(at("10.0.0.1:8333"), peer_exit::connect_refused, now));
      CHECK(peers.find(node)->problem ==
            "the dial of 10.0.0.1:8333 failed: connect_refused");
    } else if (least == 8) {
      peers.found(node, {at("10.0.0.1:8333")});
      peers.joined(at("10.0.0.1:8333"), now);
      CHECK(peers.left(at("10.0.0.1:8333"), now + 1s));
    } else {
      peers.not_found(node, "nobody knows it", now);
      CHECK(peers.find(node)->problem == "nobody knows it");
    }
    CHECK(pause() >= least);
    CHECK(pause() <= least * 1.25 + 1);
    now = *peers.next_lookup();
  }
  CHECK(peers.find(node)->failures == 8);
}

TEST_CASE_FIXTURE(fixture, "a name stays as long as anybody wants it") {
  peers.add(node, now);
  peers.add(node, now);
  peers.take_due(now);
  peers.found(node, {at("10.0.0.1:8333")});
  CHECK_FALSE(peers.remove(node));
  CHECK(peers.find(node));
  CHECK(peers.remove(node) == at("10.0.0.1:8333"));
  CHECK_FALSE(peers.find(node));
  CHECK_FALSE(peers.remove(node));
}

TEST_CASE_FIXTURE(fixture, "a lookup that comes too late changes nothing") {
  peers.add(node, now);
  peers.take_due(now);
  peers.remove(node);
  CHECK_FALSE(peers.found(node, {at("10.0.0.1:8333")}));
  peers.not_found(node, "nobody knows it", now);
  CHECK_FALSE(peers.find(node));
  peers.add(node, now);
  CHECK_FALSE(peers.found(node, {at("10.0.0.1:8333")})); // this one was not asked for
}

TEST_CASE_FIXTURE(fixture, "addresses of others are none of its business") {
  peers.add(node, now);
  CHECK_FALSE(peers.dial_failed(at("10.0.0.9:1"), peer_exit::connect_refused, now));
  CHECK_FALSE(peers.joined(at("10.0.0.9:1"), now));
  CHECK_FALSE(peers.left(at("10.0.0.9:1"), now));
  CHECK(peers.failures_of(at("10.0.0.9:1")) == 0);
}

TEST_CASE_FIXTURE(fixture, "the addresses of a name take turns as long as they fail") {
  const auto first = at("10.0.0.1:8333");
  const auto second = at("[2001:db8::1]:8333");
  peers.add(node, now);
  for (const auto& expected : {first, second, first, second}) {
    peers.take_due(now);
    CHECK(peers.found(node, {first, second}) == expected);
    peers.dial_failed(expected, peer_exit::connect_refused, now);
    now = *peers.next_lookup();
  }
  peers.take_due(now);
  CHECK(peers.found(node, {first, second}) == first);
  peers.joined(first, now);
  now += 1h;
  peers.left(first, now);
  now = *peers.next_lookup();
  peers.take_due(now);
  CHECK(peers.found(node, {first, second}) == first); // it was there for an hour
  CHECK_FALSE(peers.found(node, {first, second}));    // nothing is looked up
}
