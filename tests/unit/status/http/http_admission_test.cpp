// SPDX-License-Identifier: MIT
#include "actors/status/http/http_admission.hpp"

#include <doctest/doctest.h>

using namespace peerage;
using namespace std::chrono_literals;
using stage = admission::stage;

namespace {

struct door {
  admission places{{3, 2, 2, 2, 1}};
  admission::clock::time_point now{};
  admission::connection_id last = 0;

  admission::verdict come() {
    now += 10ms;
    return places.enter(++last, now);
  }
  /// Comes, and its request is complete.
  admission::verdict ask(bool has_cookie = false, bool urgent = false) {
    const auto known =
      come().admitted ? places.identify(last, has_cookie, now) : admission::verdict{};
    auto verdict = known.admitted ? places.serve(last, urgent, now) : known;
    if (!verdict.admitted)
      places.remove(last);
    if (!verdict.leaves)
      verdict.leaves = known.leaves;
    return verdict;
  }
};

} // namespace

TEST_CASE("the longest idle connection makes room for a newcomer") {
  door x;
  for (int i = 0; i < 3; ++i)
    CHECK(!x.come().leaves);
  auto fourth = x.come();
  CHECK(fourth.admitted);
  CHECK(fourth.leaves == 1);
  x.places.remove(1);
  // A kept connection is as good as new after each request.
  x.places.serve(2, false, x.now);
  x.places.write(2, x.now);
  x.now += 1s;
  x.places.rest(2, false, x.now);
  CHECK(x.come().leaves == 3);
}

TEST_CASE("sending a byte now and then gains no time") {
  door x;
  for (int i = 0; i < 3; ++i)
    x.come();
  x.places.identify(1, false, x.now + 5s);
  x.now += 5s;
  CHECK(x.come().leaves == 1);
}

TEST_CASE("a leaving connection goes before one that may still ask") {
  door x;
  x.come();
  x.ask();
  x.places.write(2, x.now);
  x.come();
  x.places.leave(2, x.now);
  CHECK(x.come().leaves == 2);
}

TEST_CASE("a complete request keeps its place, and idle ones cannot take all") {
  door x;
  CHECK(x.ask().admitted);
  CHECK(x.ask().admitted);
  CHECK(!x.ask().admitted); // as many as may be served
  for (int i = 0; i < 100; ++i) {
    auto verdict = x.come();
    CHECK(verdict.admitted);
    if (verdict.leaves) {
      CHECK(*verdict.leaves > 2);
      x.places.remove(*verdict.leaves);
    }
  }
}

TEST_CASE("the cookie and /health find a place when all are taken") {
  door x;
  for (int i = 0; i < 2; ++i)
    x.ask();
  for (int i = 0; i < 3; ++i)
    x.come();
  CHECK(!x.ask().admitted);
  CHECK(x.ask(true).admitted);
  CHECK(x.ask(false, true).admitted);
  // Their places have limits as well.
  CHECK(x.ask(true).admitted);
  CHECK(!x.ask(true).admitted);
  CHECK(!x.ask(false, true).admitted);
}

TEST_CASE("a client of /health that does not read keeps no other from asking for it") {
  door x;
  CHECK(x.ask(false, true).admitted);
  x.places.write(x.last, x.now);
  auto next = x.ask(false, true);
  CHECK(next.admitted);
  CHECK(next.leaves == 1);
}

TEST_CASE("a client that does not read goes when its place is needed") {
  door x;
  x.ask();
  x.ask();
  x.places.write(1, x.now);
  x.places.write(2, x.now);
  CHECK(!x.ask().admitted); // it has just been given something
  x.now += 90ms;
  x.places.write(1, x.now); // takes a part now and then
  x.now += 20ms;
  auto verdict = x.ask();
  CHECK(verdict.admitted);
  CHECK(verdict.leaves == 2);
}

TEST_CASE("a hasty client goes before one that waits for its answer") {
  for (bool urgent : {false, true}) {
    door x;
    const auto limit = urgent ? 1 : 2;
    for (int i = 0; i < limit; ++i)
      CHECK(x.ask(false, urgent).admitted);
    CHECK(!x.ask(false, urgent).admitted); // they have waited
    for (int i = 1; i <= limit; ++i) {
      x.places.write(static_cast<admission::connection_id>(i), x.now);
      x.places.rest(static_cast<admission::connection_id>(i), true, x.now);
      CHECK(
        x.places.serve(static_cast<admission::connection_id>(i), urgent, x.now).admitted);
      x.now += 1ms;
    }
    const auto next = x.ask(false, urgent);
    CHECK(next.admitted);
    CHECK(next.leaves == 1);
    x.places.remove(1);
    // A hasty one displaces none, and one that has waited since is safe again.
    x.come();
    const auto hasty = x.last;
    x.places.rest(hasty, true, x.now);
    CHECK(!x.places.serve(hasty, urgent, x.now).admitted);
    if (!urgent) {
      x.places.write(2, x.now);
      x.places.rest(2, false, x.now);
      x.places.serve(2, false, x.now);
      CHECK(!x.ask().admitted);
    }
  }
}

TEST_CASE("a call finds a place though others do not send, or do not read") {
  door x;
  x.ask(true);
  x.come();
  x.places.identify(x.last, true, x.now); // its body is still coming
  const auto sends = x.last;
  x.places.write(1, x.now + 1ms);
  CHECK(x.ask(true).leaves == sends);
  x.places.remove(sends);
  const auto third = x.last;
  auto verdict = x.places.identify(x.last = 20, true, x.now);
  CHECK(verdict.leaves == 1);
  x.places.remove(1);
  // A connection that the node works for stays, also between the parts of a long answer.
  x.places.write(third, x.now);
  x.places.work(third, x.now);
  x.come();
  CHECK(x.places.identify(x.last, true, x.now).admitted);
  CHECK(x.places.serve(x.last, false, x.now).admitted);
  const auto fourth = x.last;
  CHECK(!x.ask(true).admitted);
  // But not one with many calls at once, or a long answer.
  x.places.hurry(fourth);
  CHECK(x.ask(true).leaves == fourth);
}

TEST_CASE("with the cookie, the time counts from the head of the request on") {
  door x;
  x.come();
  x.come();
  x.places.identify(2, true, x.now);
  x.now += 1s;
  x.places.identify(1, true, x.now); // came first, but was idle
  CHECK(x.ask(true).leaves == 2);
}

TEST_CASE("a client with the cookie makes no room for one without") {
  door x;
  x.ask(true);
  x.places.write(1, x.now);
  x.come();
  x.places.identify(2, true, x.now); // its body is still coming
  x.now += 10s;
  CHECK(!x.places.slowest_reader(x.now));
  for (int i = 0; i < 10; ++i)
    if (auto leaves = x.come().leaves) {
      CHECK(*leaves > 2);
      x.places.remove(*leaves);
    }
}

TEST_CASE("a waiting call takes no place of the others") {
  door x;
  for (int i = 0; i < 2; ++i) {
    CHECK(x.ask(true).admitted);
    CHECK(x.places.wait(x.last));
  }
  CHECK(x.ask(true).admitted);
  CHECK(!x.places.wait(x.last));
  CHECK(x.ask(true).admitted);
  x.places.remove(1);
  CHECK(x.places.wait(x.last));
  CHECK(x.places.count(stage::waiting, true) == 2);
  // Still so after a part of its answer.
  x.places.write(x.last, x.now);
  x.places.work(x.last, x.now);
  CHECK(x.places.count(stage::waiting, true) == 2);
}
