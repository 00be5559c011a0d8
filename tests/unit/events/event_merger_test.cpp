// SPDX-License-Identifier: MIT
#include "actors/events/event_merger.hpp"
#include "actors/interfaces/broadcasts.hpp"

#include <doctest/doctest.h>

using namespace peerage;

namespace {

using namespace std::chrono_literals;

const endpoint here = ipv4_endpoint(10, 0, 0, 1, 8333);
const time_point start{};

event block_of(peer_id peer, std::uint8_t mark) {
  event result;
  result.type = event_type::block_announced;
  result.peer = peer;
  result.address = here;
  result.hash.bytes[0] = mark;
  return result;
}

event inbound(event_type type, const endpoint& from, const std::string& reason = {}) {
  event result;
  result.type = type;
  result.address = from;
  result.direction = peer_direction::inbound;
  result.reason = reason;
  return result;
}

} // namespace

TEST_CASE("a few announcements in a row are told one by one") {
  event_merger merger;
  for (std::uint8_t i = 0; i < 10; ++i)
    CHECK(merger.admit(block_of(1, i), start));
  CHECK(merger.take_due(start + 10s).empty());
  // And again, after it was quiet for as long.
  for (std::uint8_t i = 0; i < 10; ++i)
    CHECK(merger.admit(block_of(1, i), start + 10s));
}

TEST_CASE("a flood of one peer becomes one event a second, and none of it is lost") {
  event_merger merger;
  std::uint64_t told = 0, counted = 0, events = 0;
  constexpr std::uint64_t each_millisecond = 60;
  constexpr int milliseconds = 15'000;
  for (int ms = 0; ms < milliseconds; ++ms) {
    const auto now = start + std::chrono::milliseconds{ms};
    if (const auto due = merger.next_due(); due && *due <= now)
      for (const auto& x : merger.take_due(now)) {
        ++events;
        counted += x.count;
      }
    for (std::uint64_t i = 0; i < each_millisecond; ++i)
      told += merger.admit(block_of(1, static_cast<std::uint8_t>(i)), now) ? 1 : 0;
    CHECK(merger.admit(block_of(1'000 + static_cast<peer_id>(ms), 1), now));
  }
  for (const auto& x : merger.take_due(start + 1h)) {
    ++events;
    counted += x.count;
    CHECK(x.hash.bytes[0] == each_millisecond - 1); // the latest
    CHECK(x.peer == 1);
    CHECK(x.address == here);
  }
  CHECK(told == 10);
  CHECK(events <= 15);
  CHECK(told + counted == each_millisecond * milliseconds);
}

TEST_CASE("when the flood is over, events are told one by one again") {
  event_merger merger;
  for (int i = 0; i < 100; ++i)
    merger.admit(block_of(1, 0), start);
  CHECK(merger.next_due() == start + 1s);
  CHECK(merger.take_due(start + 999ms).empty());
  CHECK(merger.take_due(start + 1s).size() == 1);
  CHECK(merger.next_due() == start + 2s);
  CHECK(merger.take_due(start + 2s).empty());
  CHECK_FALSE(merger.next_due());
  CHECK(merger.admit(block_of(1, 1), start + 3s));
}

TEST_CASE("connections are merged by their host: by address, or /64 of IPv6") {
  event_merger merger;
  std::size_t told = 0;
  for (std::uint16_t port = 1; port <= 5'000; ++port)
    told +=
      merger.admit(inbound(event_type::connection_refused, here.with_port(port)), start)
        ? 1
        : 0;
  CHECK(told == 100);
  const auto merged = merger.take_due(start + 1s);
  REQUIRE(merged.size() == 1);
  CHECK(merged.front().count == 4'900);
  CHECK(merged.front().address == here.with_port(5'000));

  endpoint six;
  six.ip = {0x20, 0x01, 0x0d, 0xb8};
  six.port = 1;
  told = 0;
  for (int i = 0; i < 5'000; ++i) {
    six.ip[14] = static_cast<std::uint8_t>(i >> 8);
    six.ip[15] = static_cast<std::uint8_t>(i);
    told += merger.admit(inbound(event_type::peer_left, six), start + 1s) ? 1 : 0;
  }
  CHECK(told == 100);
  // Another host, another reason and our own dials are told.
  CHECK(merger.admit(
    inbound(event_type::connection_refused, ipv4_endpoint(9, 9, 9, 9, 1)), start + 1s));
  CHECK(merger.admit(inbound(event_type::peer_left, six, "evicted"), start + 1s));
  auto dialed = inbound(event_type::peer_left, six);
  dialed.direction = peer_direction::outbound;
  CHECK(merger.admit(dialed, start + 1s));
}

TEST_CASE("merged misbehaviour and addresses add up") {
  event_merger merger;
  auto report = inbound(event_type::misbehaviour, here, "malformed");
  for (int i = 0; i < 14; ++i) {
    report.count = 3;
    report.score_before = i;
    report.score_after = i + 1;
    merger.admit(report, start);
  }
  const auto merged = merger.take_due(start + 1s);
  REQUIRE(merged.size() == 1);
  CHECK(merged.front().count == 4 * 3);
  CHECK(merged.front().score_before == 10);
  CHECK(merged.front().score_after == 14);
}

TEST_CASE("addresses that a host tells are merged, those of our own search are not") {
  event_merger merger;
  auto learned = inbound(event_type::addresses_learned, here);
  learned.count = 5;
  std::size_t told = 0;
  for (int i = 0; i < 100; ++i)
    told += merger.admit(learned, start) ? 1 : 0;
  CHECK(told == 10);
  CHECK(merger.take_due(start + 1s).at(0).count == 90 * 5);
  learned.address = {};
  for (int i = 0; i < 100; ++i)
    CHECK(merger.admit(learned, start));
}

TEST_CASE("an awaited event is told in the middle of a flood") {
  event_merger merger;
  for (std::uint16_t port = 1; port <= 1'000; ++port)
    merger.admit(inbound(event_type::peer_left, here.with_port(port)), start);
  const auto wanted = inbound(event_type::peer_left, here.with_port(77));
  CHECK_FALSE(merger.admit(wanted, start));
  merger.set_wanted({{bit_of(event_type::peer_left), 0, here.with_port(77), {}}});
  CHECK(merger.admit(wanted, start));
  CHECK_FALSE(merger.admit(inbound(event_type::peer_left, here.with_port(78)), start));
  merger.set_wanted({});
  CHECK_FALSE(merger.admit(wanted, start));
}

TEST_CASE("many hosts together are merged, too, and none of what they did is lost") {
  event_merger merger;
  std::uint64_t told = 0, counted = 0, events = 0;
  const auto by_reason = [](const char* reason, std::size_t n) {
    const auto host = ipv4_endpoint(10, static_cast<std::uint8_t>(n >> 8),
                                    static_cast<std::uint8_t>(n), 1, 5);
    return inbound(event_type::connection_refused, host, reason);
  };
  // More hosts than are remembered.
  for (int second = 0; second < 10; ++second) {
    const auto now = start + second * 1s;
    for (std::size_t n = 0; n < 6'000; ++n, ++events)
      told += merger.admit(by_reason("connection_flood", n), now) ? 1 : 0;
    for (const auto& x : merger.take_due(now + 999ms))
      ++told, counted += x.count - 1;
  }
  for (const auto& x : merger.take_due(start + 20s))
    ++told, counted += x.count - 1;
  CHECK(told <= 1'000 + 11);
  CHECK(told + counted == events);
  // What is of another kind is told singly.
  CHECK(merger.admit(by_reason("banned", 1), start + 10s));
}

TEST_CASE("what is remembered of sources is bounded, and forgotten when they are quiet") {
  event_merger merger;
  for (peer_id id = 1; id <= 2 * event_merger::max_sources; ++id)
    CHECK(merger.admit(block_of(id, 0), start));
  // There is no place for this one's flood.
  for (int i = 0; i < 100; ++i)
    CHECK(merger.admit(block_of(100'000, 0), start));
  std::size_t told = 0;
  for (int i = 0; i < 100; ++i)
    told += merger.admit(block_of(100'000, 0), start + 2s) ? 1 : 0;
  CHECK(told == 10);
}
