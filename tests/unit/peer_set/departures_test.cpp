// SPDX-License-Identifier: MIT
#include "actors/peer_set/departures.hpp"

#include <doctest/doctest.h>

using namespace peerage;

namespace {

peer_info peer(peer_id id, std::uint16_t port = 8333) {
  peer_info result;
  result.id = id;
  result.remote.port = port;
  return result;
}

peer_pattern with_id(peer_id id) {
  return {id, {}, {}};
}

} // namespace

TEST_CASE("what became of a peer is found by pattern and reason") {
  departures left;
  CHECK(left.find({}, {}) == nullptr);
  left.add(peer(1), peer_exit::remote_closed);
  left.add(peer(2), peer_exit::evicted);

  const auto* found = left.find(with_id(1), {});
  REQUIRE(found != nullptr);
  CHECK(found->info.id == 1);
  CHECK(found->reason == peer_exit::remote_closed);
  CHECK(left.find(with_id(1), peer_exit::remote_closed) == found);
  CHECK(left.find(with_id(1), peer_exit::evicted) == nullptr);
  CHECK(left.find(with_id(3), {}) == nullptr);
  REQUIRE(left.find({}, peer_exit::remote_closed) != nullptr);
  CHECK(left.find({}, peer_exit::remote_closed)->info.id == 1);
}

TEST_CASE("the latest departure that fits is found first") {
  departures left;
  peer_pattern address;
  address.address.port = 8333;
  left.add(peer(1), peer_exit::remote_closed);
  left.add(peer(2), peer_exit::evicted);
  left.add(peer(3, 18444), peer_exit::evicted);
  REQUIRE(left.find(address, {}) != nullptr);
  CHECK(left.find(address, {})->info.id == 2);
}

TEST_CASE("only so many departures are remembered, the latest ones") {
  departures left;
  const peer_id last = departures::max_remembered + 1;
  for (peer_id id = 1; id <= last; ++id)
    left.add(peer(id), peer_exit::remote_closed);
  CHECK(left.find(with_id(1), {}) == nullptr);
  CHECK(left.find(with_id(2), {}) != nullptr);
  CHECK(left.find(with_id(last), {}) != nullptr);
}
