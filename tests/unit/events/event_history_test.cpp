// SPDX-License-Identifier: MIT
#include "actors/events/event_history.hpp"
#include "actors/interfaces/broadcasts.hpp"
#include "actors/interfaces/peer.hpp"

#include <doctest/doctest.h>

using namespace peerage;

namespace {

const endpoint here = ipv4_endpoint(10, 0, 0, 1, 8333);

event about(event_type type, peer_id peer, const endpoint& address) {
  event result;
  result.type = type;
  result.peer = peer;
  result.address = address;
  return result;
}

std::string types(const event_batch& x) {
  std::string result;
  for (const auto& entry : x.entries)
    result += (result.empty() ? "" : " ") + std::string(to_string(entry.type));
  return result;
}

} // namespace

TEST_CASE("events are numbered without holes, and only the newest are kept") {
  event_history history;
  CHECK(history.first() == 1);
  CHECK(history.next() == 1);
  constexpr auto most = event_history::max_events;
  for (std::size_t i = 0; i < most + 5; ++i)
    CHECK(history.add(about(event_type::block_announced, 1, here)).seq == i + 1);
  CHECK(history.first() == 6);
  CHECK(history.next() == most + 6);
  auto all = history.since(1, most * 2, {});
  REQUIRE(all.entries.size() == most);
  for (std::size_t i = 0; i < most; ++i)
    CHECK(all.entries[i].seq == i + 6);
  CHECK(all.first == 6); // by which a reader knows that it has missed five
  CHECK(all.next == history.next());
  auto some = history.since(7, 3, {});
  CHECK(some.entries.front().seq == 7);
  CHECK(some.next == 10);
  CHECK(history.since(history.next(), 10, {}).entries.empty());
}

TEST_CASE("filters compare what they have") {
  event_history history;
  history.add(about(event_type::dial_started, 0, here));
  history.add(about(event_type::peer_ready, 1, here));
  history.add(about(event_type::peer_ready, 2, here.with_port(1)));
  event left = about(event_type::peer_left, 1, here);
  left.reason = "evicted";
  history.add(left);
  CHECK(types(history.since(1, 9, {bit_of(event_type::peer_ready), 0, {}, {}})) ==
        "peer_ready peer_ready");
  CHECK(types(history.since(1, 9, {~0u, 1, {}, {}})) == "peer_ready peer_left");
  CHECK(history.since(1, 9, {~0u, 0, here.with_port(0), {}}).entries.size() == 4);
  CHECK(history.since(1, 9, {~0u, 0, here, {}}).entries.size() == 3);
  CHECK(types(history.since(1, 9, {~0u, 0, {}, "evicted"})) == "peer_left");
}

TEST_CASE("a peer's history outlives a flood of others', and begins with its dial") {
  event_history history;
  history.add(about(event_type::dial_started, 0, here)); // of an earlier connection
  history.add(about(event_type::peer_ready, 6, here));
  history.add(about(event_type::peer_left, 6, here));
  history.add(about(event_type::dial_started, 0, here));
  history.add(about(event_type::peer_ready, 7, here));
  event banned;
  banned.type = event_type::ban_added;
  banned.range = "10.0.0.0/8";
  history.add(banned);
  for (std::size_t i = 0; i < event_history::max_events; ++i)
    history.add(about(event_type::connection_refused, 0, ipv4_endpoint(9, 9, 9, 9, 1)));
  CHECK(types(history.of({7, {}})) == "dial_started peer_ready");
  CHECK(history.of({7, {}}).entries.front().seq == 4);
  CHECK(types(history.of({0, here})) ==
        "dial_started peer_ready peer_left dial_started peer_ready ban_added");
  CHECK(history.of({0, ipv4_endpoint(9, 9, 9, 9, 0)}).entries.size() ==
        event_history::max_of_subject);
  CHECK(history.of({8, {}}).entries.empty());
}

TEST_CASE("the number of subjects is bounded; the least recent one goes") {
  event_history history;
  for (peer_id id = 1; id <= event_history::max_subjects; ++id)
    history.add(about(event_type::peer_ready, id, {}));
  history.add(about(event_type::peer_left, 1, {}));
  history.add(about(event_type::peer_ready, event_history::max_subjects + 1, {}));
  CHECK(history.of({1, {}}).entries.size() == 2);
  CHECK(history.of({2, {}}).entries.empty());
  CHECK(history.of({3, {}}).entries.size() == 1);
}

TEST_CASE("a peer that announces all the time does not push out how it came") {
  event_history history;
  history.add(about(event_type::connection_accepted, 0, here));
  history.add(about(event_type::peer_ready, 1, here));
  for (std::size_t i = 0; i < 1'000; ++i)
    history.add(about(event_type::block_announced, 1, here));
  history.add(about(event_type::peer_left, 1, here));
  const auto found = history.of({1, {}}).entries;
  CHECK(found.size() == event_history::max_of_subject + 1);
  CHECK(found[0].type == event_type::connection_accepted);
  CHECK(found[1].type == event_type::peer_ready);
  CHECK(found.back().type == event_type::peer_left);
  const auto of_host = history.of({0, here}).entries;
  CHECK(of_host.size() == event_history::max_of_subject);
  CHECK(of_host.front().type == event_type::connection_accepted);
}
