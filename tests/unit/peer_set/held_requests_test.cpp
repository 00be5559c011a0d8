// SPDX-License-Identifier: MIT
#include "actors/peer_set/held_requests.hpp"

#include <doctest/doctest.h>

using namespace peerage;
using namespace std::chrono_literals;

namespace {

constexpr time_point later{1h};
constexpr auto nobody = request_error::no_ready_peer;

std::optional<std::uint64_t> add(held_requests& to, request what) {
  return to.add(std::move(what), nullptr, later, nobody);
}

} // namespace

TEST_CASE("of each kind, the first to come is the first to go") {
  held_requests held;
  const auto one = *add(held, get_headers{});
  const auto ping = *add(held, measure_latency{});
  const auto two = *add(held, get_headers{});
  CHECK(held.size() == 3);
  CHECK(held.holds(request_kind::get_headers));
  CHECK_FALSE(held.holds(request_kind::get_blocks));
  CHECK(held.first(request_kind::get_headers).number == one);
  held.drop_first(request_kind::get_headers);
  CHECK(held.first(request_kind::get_headers).number == two);
  CHECK(held.first(request_kind::measure_latency).number == ping);
  held.drop_first(request_kind::get_headers);
  CHECK_FALSE(held.holds(request_kind::get_headers));
  held.drop_first(request_kind::measure_latency);
  CHECK(held.empty());
}

TEST_CASE("what a kind lacks is that of its last look") {
  held_requests held;
  add(held, get_headers{});
  CHECK(held.why(request_kind::get_headers) == nobody);
  held.set_why(request_kind::get_headers, request_error::overloaded);
  CHECK(held.why(request_kind::get_headers) == request_error::overloaded);
  CHECK(held.why(request_kind::get_blocks) == nobody);
}

TEST_CASE("any of them can be taken out, once") {
  held_requests held;
  add(held, get_headers{});
  const auto two = *add(held, get_headers{});
  const auto is_two = [&](const held_requests::entry& x) { return x.number == two; };
  const auto taken = held.take_if(is_two);
  REQUIRE(taken);
  CHECK(taken->number == two);
  CHECK(taken->deadline == later);
  CHECK_FALSE(held.take_if(is_two));
  CHECK(held.take_all().size() == 1);
  CHECK(held.empty());
}

TEST_CASE("their number is bounded, and a place is free again when one has gone") {
  held_requests held;
  for (std::size_t i = 0; i < held_requests::max_requests; ++i)
    REQUIRE(add(held, measure_latency{}));
  CHECK_FALSE(add(held, measure_latency{}));
  CHECK_FALSE(add(held, get_headers{}));
  held.drop_first(request_kind::measure_latency);
  CHECK(add(held, get_headers{}));
  CHECK_FALSE(add(held, get_headers{}));
  held.take_all();
  CHECK(add(held, get_headers{}));
}

TEST_CASE("so is what they carry") {
  held_requests held;
  const send_transaction large{
    wire::tx{wire::slice::adopt(std::vector<std::byte>(held_requests::max_bytes / 2))},
    {},
    true};
  CHECK(carried_bytes(large) == held_requests::max_bytes / 2);
  CHECK(add(held, large));
  CHECK(add(held, large));
  CHECK_FALSE(add(held, get_blocks{{wire::hash256{}}, {}, true}));
  CHECK(add(held, measure_latency{})); // carries nothing
  held.drop_first(request_kind::send_transaction);
  CHECK(add(held, get_blocks{{wire::hash256{}}, {}, true}));
  CHECK_FALSE(add(held, large));
}

TEST_CASE("what a request carries") {
  const std::vector<wire::hash256> hashes(3);
  CHECK(carried_bytes(get_headers{hashes, {}, {}, true}) == 3 * sizeof(wire::hash256));
  CHECK(carried_bytes(get_blocks{hashes, {}, true}) == 3 * sizeof(wire::hash256));
  CHECK(carried_bytes(get_transactions{{{}, {}}, {}, true}) ==
        2 * sizeof(transaction_id));
  CHECK(carried_bytes(measure_latency{}) == 0);
  CHECK(carried_bytes(announce_block{}) == 0);
}
