// SPDX-License-Identifier: MIT
#include "actors/peer/item_fetches.hpp"

#include <doctest/doctest.h>

#include <initializer_list>

using namespace peerage;
using namespace std::chrono_literals;

namespace {

const time_point start{24h};
const time_point deadline = start + 30s;

wire::block block_number(std::uint8_t n) {
  std::vector<std::byte> bytes(81, std::byte{n});
  return {wire::slice::copy_of(bytes)};
}

get_blocks asking_for(std::initializer_list<wire::block> wanted) {
  get_blocks result;
  for (const auto& x : wanted)
    result.hashes.push_back(x.hash());
  return result;
}

std::vector<wire::inventory_entry> entries_of(const wire::block& x) {
  return {{wire::inv_block, x.hash()}};
}

struct fetching {
  request_error failure(std::size_t index) {
    REQUIRE(completed.size() > index);
    return outcome_of(std::get<caf::error>(completed[index].result));
  }
  /// The blocks of a request that ended well.
  blocks found(std::size_t index) {
    REQUIRE(completed.size() > index);
    return std::get<blocks>(std::get<reply>(completed[index].result));
  }

  wire::outbox out{1};
  std::vector<completion> completed;
  item_fetches fetches{wire::node_witness, out, completed};
};

const auto first = block_number(1), second = block_number(2);

} // namespace

TEST_CASE("what two requests want is asked for once, and given to both") {
  fetching test;
  test.fetches.start(1, asking_for({first}), deadline);
  test.fetches.start(2, asking_for({first}), deadline);
  CHECK(test.out.pushed() == 1);
  CHECK(test.fetches.size() == 2);
  CHECK_FALSE(test.fetches.on_block(second));
  CHECK(test.fetches.on_block(first));
  REQUIRE(test.completed.size() == 2);
  CHECK(test.found(0).entries.size() == 1);
  CHECK(test.found(1).entries.size() == 1);
  CHECK(test.fetches.size() == 0);
  CHECK_FALSE(test.fetches.wants_items());
}

TEST_CASE("the next one asks again when the one it was asked for is cancelled") {
  fetching test;
  test.fetches.start(1, asking_for({first}), deadline);
  test.fetches.start(2, asking_for({first}), deadline);
  CHECK(test.fetches.cancel(1));
  CHECK_FALSE(test.fetches.cancel(1));
  CHECK(test.completed.empty());
  CHECK(test.out.pushed() == 2);
  CHECK(test.fetches.on_block(first));
  REQUIRE(test.completed.size() == 1);
  CHECK(test.completed[0].id == 2);
}

TEST_CASE("what the peer offers meanwhile is asked for once more") {
  fetching test;
  test.fetches.start(1, asking_for({first}), deadline);
  test.fetches.on_offered(entries_of(second));
  CHECK(test.out.pushed() == 1);
  test.fetches.on_offered(entries_of(first));
  test.fetches.on_offered(entries_of(first));
  CHECK(test.out.pushed() == 2);
}

TEST_CASE("at its deadline a request ends with what has come") {
  fetching test;
  CHECK_FALSE(test.fetches.next_deadline());
  test.fetches.start(1, asking_for({first, second}), deadline);
  test.fetches.start(2, asking_for({second}), deadline + 1s);
  CHECK(test.fetches.next_deadline() == deadline);
  CHECK(test.fetches.on_block(first));
  test.fetches.on_tick(deadline);
  REQUIRE(test.completed.size() == 1);
  CHECK(test.found(0).entries.size() == 1);
  CHECK(test.fetches.next_deadline() == deadline + 1s);
  test.fetches.on_tick(deadline + 1s);
  CHECK(test.failure(1) == request_error::timeout);
}

TEST_CASE("a request is not found only if none of it is") {
  fetching test;
  test.fetches.start(1, asking_for({first}), deadline);
  test.fetches.start(2, asking_for({first, second}), deadline);
  CHECK(test.fetches.on_notfound(entries_of(first)));
  CHECK_FALSE(test.fetches.on_notfound(entries_of(first)));
  CHECK(test.failure(0) == request_error::not_found);
  CHECK(test.fetches.on_block(second));
  REQUIRE(test.found(1).entries.size() == 2);
  CHECK_FALSE(test.found(1).entries[0].available);
  CHECK(test.found(1).entries[1].available);
}
