#include "actors/status/admission.hpp"

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
    auto verdict = come();
    if (!verdict.admitted || !places.identify(last, has_cookie, now).admitted) {
      places.remove(last);
      return {};
    }
    verdict = places.serve(last, urgent, now);
    if (!verdict.admitted)
      places.remove(last);
    return verdict;
  }
};

} // namespace

TEST_CASE("whoever has been idle for the longest makes room for a newcomer") {
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
  x.places.rest(2, x.now);
  CHECK(x.come().leaves == 3);
}

TEST_CASE("who sends a byte now and then gains no time by it") {
  door x;
  for (int i = 0; i < 3; ++i)
    x.come();
  x.places.identify(1, false, x.now + 5s);
  x.now += 5s;
  CHECK(x.come().leaves == 1);
}

TEST_CASE("who is leaving goes before who may still ask") {
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

TEST_CASE("who asks for /health and does not read keeps nobody from asking for it") {
  door x;
  CHECK(x.ask(false, true).admitted);
  x.places.write(x.last, x.now);
  auto next = x.ask(false, true);
  CHECK(next.admitted);
  CHECK(next.leaves == 1);
}

TEST_CASE("who does not read goes when its place is needed") {
  door x;
  x.ask();
  x.ask();
  x.places.write(1, x.now);
  x.places.write(2, x.now);
  CHECK(!x.ask().admitted); // it has just been given something
  x.now += 900ms;
  x.places.write(1, x.now); // takes a part now and then
  x.now += 200ms;
  auto verdict = x.ask();
  CHECK(verdict.admitted);
  CHECK(verdict.leaves == 2);
}

TEST_CASE("who sends or reads with the cookie is nobody's to push out") {
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

TEST_CASE("who waits takes no place of who does not") {
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
}
