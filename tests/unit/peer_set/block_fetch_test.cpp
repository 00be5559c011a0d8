// SPDX-License-Identifier: MIT
#include "actors/peer_set/block_fetch.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

using namespace peerage;
using namespace std::chrono_literals;

namespace {

const time_point start_time{1'000s};

wire::hash256 hash_of(std::size_t n) {
  wire::hash256 result;
  result.bytes[0] = static_cast<std::uint8_t>(n);
  result.bytes[1] = static_cast<std::uint8_t>(n >> 8);
  result.bytes[31] = 1;
  return result;
}

wire::block body_of(const wire::hash256& hash) {
  std::vector<std::byte> bytes(40);
  std::ranges::transform(hash.bytes, bytes.begin(), [](auto x) { return std::byte{x}; });
  return {wire::slice::adopt(std::move(bytes))};
}

std::vector<transaction_id> first_items(std::size_t n) {
  std::vector<transaction_id> result;
  for (std::size_t i = 0; i < n; ++i)
    result.push_back({hash_of(i), false});
  return result;
}

/// Peers that take any number of requests; the lowest id goes first.
struct fixture {
  std::set<peer_id> peers{1, 2, 3, 4};
  request_error none_why = request_error::no_ready_peer;
  std::size_t choices = 0;
  time_point now = start_time;
  fetch_options options{start_time + 20s, 4, 2s, 3};

  block_fetch fetch(const std::vector<transaction_id>& wanted) {
    return {wanted, options,
            [this](const transaction_id&, std::span<const peer_id> excluded) -> choice {
              ++choices;
              for (auto x : peers)
                if (std::ranges::find(excluded, x) == excluded.end())
                  return {x};
              return {{}, none_why};
            }};
  }
  /// The peer has all but these.
  static blocks answer(const share_request& asked,
                       const std::set<std::size_t>& lacks = {}) {
    blocks result;
    for (const auto& id : asked.items) {
      const auto n = id.hash.bytes[0] + 256u * id.hash.bytes[1];
      if (lacks.contains(n))
        result.entries.push_back({id.hash, false, {}});
      else
        result.entries.push_back({id.hash, true, body_of(id.hash)});
    }
    return result;
  }
};

request_error error_of(const block_fetch& x) {
  REQUIRE(x.finished());
  auto result = x.found_blocks();
  REQUIRE(std::holds_alternative<request_error>(result));
  return std::get<request_error>(result);
}

blocks value_of(const block_fetch& x) {
  REQUIRE(x.finished());
  auto result = x.found_blocks();
  REQUIRE(std::holds_alternative<blocks>(result));
  return std::get<blocks>(result);
}

} // namespace

TEST_CASE_FIXTURE(fixture, "items are split evenly over the peers, in order") {
  auto fetching = fetch(first_items(10));
  auto sent = fetching.start(now);
  REQUIRE(sent.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(sent[i].peer == i + 1);
    CHECK(sent[i].items.size() == (i < 3 ? 3 : 1));
    CHECK(sent[i].timeout == 20s);
  }
  CHECK(sent[1].items[0].hash == hash_of(3));
  for (const auto& x : {sent[2], sent[0], sent[3], sent[1]}) {
    CHECK_FALSE(fetching.finished());
    CHECK(fetching.on_reply(x.id, answer(x), now + 1s).empty());
  }
  auto found = value_of(fetching).entries;
  REQUIRE(found.size() == 10);
  for (std::size_t i = 0; i < 10; ++i) {
    CHECK(found[i].hash == hash_of(i));
    CHECK(found[i].available);
    CHECK(found[i].body == body_of(hash_of(i)));
  }
  CHECK(fetching.abandoned().empty());
  CHECK(fetching.take_missing().empty());
  CHECK_FALSE(fetching.next_event());
}

TEST_CASE_FIXTURE(fixture, "shares hold at most 16 items, a peer has one at a time") {
  auto fetching = fetch(first_items(100));
  auto sent = fetching.start(now);
  REQUIRE(sent.size() == 4);
  for (const auto& x : sent)
    CHECK(x.items.size() == 16);
  // A peer that answers gets the next.
  std::size_t answered = 0;
  while (!fetching.finished()) {
    auto next = fetching.on_reply(sent[2].id, answer(sent[2]), now);
    answered += 16;
    if (next.empty())
      break;
    REQUIRE(next.size() == 1);
    CHECK(next[0].peer == 3);
    sent[2] = next[0];
  }
  CHECK(answered == 16 + 32 + 16); // the last one has four items
}

TEST_CASE_FIXTURE(fixture, "at most 16 shares are under way, and waiting costs little") {
  for (peer_id i = 1; i <= 40; ++i)
    peers.insert(i);
  options.peers = 40;
  auto fetching = fetch(first_items(1'000));
  CHECK(fetching.start(now).size() == 16);
  CHECK(choices == 16);
  peers = {1, 2};
  choices = 0;
  auto other = fetch(first_items(1'000));
  CHECK(other.start(now).size() == 2);
  CHECK(choices == 3);
}

TEST_CASE("one item that finds no peer does not keep the others from theirs") {
  block_fetch fetching{
    first_items(3),
    {start_time + 20s, 1, 2s, 3},
    [](const transaction_id& id, std::span<const peer_id>) -> choice {
      if (id.hash == hash_of(2))
        return {5};
      return {{}, request_error::overloaded}; // the peer that may have it is busy
    }};
  auto sent = fetching.start(start_time);
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].peer == 5);
  CHECK(sent[0].items == std::vector{transaction_id{hash_of(2), false}});
}

TEST_CASE_FIXTURE(fixture, "duplicates are fetched once and delivered at each place") {
  auto wanted = first_items(2);
  wanted.insert(wanted.end(), {wanted[0], wanted[1], wanted[0]});
  options.peers = 1;
  auto fetching = fetch(wanted);
  auto sent = fetching.start(now);
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].items.size() == 2);
  fetching.on_reply(sent[0].id, answer(sent[0], {1}), now);
  peers.clear();
  fetching.on_failure(2, request_error::not_found, now); // item 1, at the second peer
  auto found = value_of(fetching).entries;
  REQUIRE(found.size() == 5);
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(found[i].hash == wanted[i].hash);
    CHECK(found[i].available == (i % 2 == 0));
  }
}

TEST_CASE_FIXTURE(fixture, "nothing asked for is found at once; too much is overloaded") {
  auto none = fetch({});
  CHECK(none.start(now).empty());
  CHECK(value_of(none).entries.empty());
  auto most = fetch(first_items(1'000));
  CHECK(most.start(now).size() == 4);
  auto too_many = fetch(first_items(1'001));
  CHECK(too_many.start(now).empty());
  CHECK(error_of(too_many) == request_error::overloaded);
}

TEST_CASE_FIXTURE(fixture, "what one peer lacks is asked from others, three in all") {
  auto fetching = fetch(first_items(1));
  auto sent = fetching.start(now);
  for (peer_id peer = 1; peer <= 3; ++peer) {
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].peer == peer);
    sent = fetching.on_reply(sent[0].id, answer(sent[0], {0}), now);
    auto missing = fetching.take_missing();
    REQUIRE(missing.size() == 1);
    CHECK(missing[0].peer == peer);
    CHECK(missing[0].hash == hash_of(0));
  }
  CHECK(sent.empty());
  CHECK(error_of(fetching) == request_error::not_found);
}

TEST_CASE_FIXTURE(fixture,
                  "offers of what is asked there, or not wanted, change nothing") {
  options.peers = 1;
  auto fetching = fetch(first_items(1));
  CHECK(fetching.start(now).size() == 1); // of peer 1
  auto offer = [&](peer_id peer, const transaction_id& what) {
    return fetching.on_offered(peer, std::vector{what}, now);
  };
  CHECK(offer(1, {hash_of(0), false}).empty());
  CHECK(offer(2, {hash_of(7), false}).empty());
  CHECK(offer(2, {hash_of(0), true}).empty());  // a wtxid is no block
  CHECK(offer(2, {hash_of(0), false}).empty()); // while the first may still answer
  const auto hedge = fetching.on_tick(now + 2s);
  REQUIRE(hedge.size() == 1);
  CHECK(hedge[0].peer == 2);
}

TEST_CASE_FIXTURE(fixture, "what a peer left unanswered for others is hedged at once") {
  options.peers = 2;
  peers = {1, 2};
  auto fetching = fetch(first_items(4));
  auto sent = fetching.start(now);
  REQUIRE(sent.size() == 2);
  peers = {1, 2, 3};
  auto unanswered = [&](peer_id peer, std::size_t item) {
    return fetching.on_unanswered(peer, std::vector{transaction_id{hash_of(item), false}},
                                  now);
  };
  CHECK(unanswered(1, 3).empty()); // that one is asked of the second peer
  CHECK(unanswered(1, 9).empty());
  CHECK(unanswered(3, 0).empty());
  const auto hedge = unanswered(1, 1);
  REQUIRE(hedge.size() == 1);
  CHECK(hedge[0].peer == 3);
  CHECK(hedge[0].items == sent[0].items);
  CHECK(unanswered(1, 1).empty()); // late already
  // The first answer wins, be it the late one.
  fetching.on_reply(sent[0].id, answer(sent[0]), now);
  fetching.on_reply(sent[1].id, answer(sent[1]), now);
  CHECK(value_of(fetching).entries.size() == 4);
  CHECK(unanswered(2, 2).empty()); // over
}

TEST_CASE_FIXTURE(fixture, "an offer reopens what three peers lacked") {
  options.peers = 2;
  peers = {1, 2};
  auto fetching = fetch(first_items(2));
  auto sent = fetching.start(now);
  REQUIRE(sent.size() == 2); // one item each; the second stays open
  peers = {3};
  sent = fetching.on_reply(sent[0].id, answer(sent[0], {0}), now);
  REQUIRE(sent.size() == 1);
  peers = {4};
  sent = fetching.on_reply(sent[0].id, answer(sent[0], {0}), now);
  REQUIRE(sent.size() == 1);
  CHECK(fetching.on_reply(sent[0].id, answer(sent[0], {0}), now).empty()); // given up
  peers = {1, 3, 4};
  const std::vector offered{transaction_id{hash_of(0), false}};
  sent = fetching.on_offered(3, offered, now);
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].peer == 3);
  CHECK(sent[0].items == offered);
  // It lies; after the second lie it is not asked any more.
  CHECK(fetching.on_reply(sent[0].id, answer(sent[0], {0}), now).empty());
  CHECK(fetching.on_offered(3, offered, now).empty());
  sent = fetching.on_offered(4, offered, now);
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].peer == 4);
  fetching.on_reply(sent[0].id, answer(sent[0]), now);
  CHECK(fetching.on_offered(1, offered, now).empty()); // found
  CHECK_FALSE(fetching.finished());
  peers.clear();
  fetching.on_failure(2, request_error::not_found, now); // item 1, at the second peer
  CHECK(value_of(fetching).entries[0].available);
  CHECK_FALSE(value_of(fetching).entries[1].available);
  CHECK(fetching.on_offered(1, first_items(2), now).empty()); // over
}

TEST_CASE_FIXTURE(fixture, "a client's not_found is its word about the whole share") {
  options.peers = 1;
  peers = {1};
  auto fetching = fetch(first_items(3));
  auto sent = fetching.start(now);
  fetching.on_failure(sent[0].id, request_error::not_found, now);
  CHECK(fetching.take_missing().size() == 3);
  CHECK(error_of(fetching) == request_error::not_found);
}

TEST_CASE_FIXTURE(fixture,
                  "a failure is retried elsewhere and is no evidence of absence") {
  auto fetching = fetch(first_items(2));
  auto sent = fetching.start(now);
  REQUIRE(sent.size() == 2);
  auto retry = fetching.on_failure(sent[0].id, request_error::timeout, now + 1s);
  REQUIRE(retry.size() == 1);
  CHECK(retry[0].peer == 3);
  CHECK(retry[0].items == sent[0].items);
  CHECK(retry[0].timeout == 19s);
  CHECK(fetching.take_missing().empty());
  fetching.on_reply(sent[1].id, answer(sent[1]), now);
  fetching.on_reply(retry[0].id, answer(retry[0]), now);
  CHECK(value_of(fetching).entries[0].available);
}

TEST_CASE_FIXTURE(fixture, "the most telling error is reported when nothing was found") {
  using enum request_error;
  struct {
    std::vector<request_error> heard;
    request_error told;
  } cases[] = {{{not_found, not_found, not_found}, not_found},
               {{not_found, timeout, not_found}, timeout},
               {{overloaded, not_found, peer_gone}, overloaded},
               {{peer_gone, not_found, not_found}, peer_gone},
               {{overloaded, timeout, peer_gone}, timeout},
               {{not_found, cancelled}, cancelled},
               {{timeout, shutting_down}, shutting_down}};
  for (const auto& x : cases) {
    peers.clear();
    for (std::size_t i = 1; i <= x.heard.size(); ++i)
      peers.insert(i);
    auto fetching = fetch(first_items(1));
    auto sent = fetching.start(now);
    for (auto why : x.heard) {
      REQUIRE(sent.size() == 1);
      sent = fetching.on_failure(sent[0].id, why, now);
    }
    CHECK(error_of(fetching) == x.told);
  }
  peers.clear();
  for (auto why : {no_ready_peer, overloaded, not_found}) {
    none_why = why;
    auto fetching = fetch(first_items(2));
    CHECK(fetching.start(now).empty());
    CHECK(error_of(fetching) == why);
  }
}

TEST_CASE_FIXTURE(fixture, "a late share is hedged, and the first answer wins") {
  for (bool late_one_wins : {false, true}) {
    CAPTURE(late_one_wins);
    auto fetching = fetch(first_items(2));
    auto sent = fetching.start(now);
    CHECK(fetching.next_event() == now + 2s);
    CHECK(fetching.on_tick(now + 2s - 1ns).empty());
    fetching.on_reply(sent[1].id, answer(sent[1]), now + 1s);
    auto hedge = fetching.on_tick(now + 2s);
    REQUIRE(hedge.size() == 1);
    CHECK(hedge[0].peer == 2); // idle again, and not asked for this
    CHECK(hedge[0].items == sent[0].items);
    CHECK(fetching.next_event() == now + 4s);
    const auto& winner = late_one_wins ? sent[0] : hedge[0];
    const auto& other = late_one_wins ? hedge[0] : sent[0];
    CHECK(fetching.on_reply(winner.id, answer(winner), now + 3s).empty());
    CHECK(value_of(fetching).entries[0].available);
    CHECK(fetching.abandoned() == std::vector{other.id});
    // Ends once: later answers are ignored.
    CHECK(fetching.on_reply(other.id, answer(other, {0}), now + 4s).empty());
    CHECK(fetching.on_tick(now + 30s).empty());
    CHECK(fetching.take_missing().empty());
    CHECK(value_of(fetching).entries[0].available);
  }
}

TEST_CASE_FIXTURE(fixture, "hedges go to three peers in all, then the deadline ends it") {
  auto fetching = fetch(first_items(1));
  auto sent = fetching.start(now);
  CHECK(fetching.on_tick(now + 2s).at(0).peer == 2);
  CHECK(fetching.on_tick(now + 4s).at(0).peer == 3);
  CHECK(fetching.on_tick(now + 6s).empty());
  CHECK(fetching.next_event() == now + 20s);
  CHECK(fetching.on_tick(now + 20s - 1ns).empty());
  CHECK_FALSE(fetching.finished());
  CHECK(fetching.on_tick(now + 20s).empty());
  CHECK(error_of(fetching) == request_error::timeout);
  CHECK(fetching.abandoned().size() == 3);
}

TEST_CASE_FIXTURE(fixture, "the last hope is the late answer") {
  peers = {1, 2};
  auto fetching = fetch(first_items(1));
  auto sent = fetching.start(now);
  auto hedge = fetching.on_tick(now + 2s);
  fetching.on_reply(hedge.at(0).id, answer(hedge[0], {0}), now + 3s);
  CHECK_FALSE(fetching.finished());
  fetching.on_reply(sent[0].id, answer(sent[0]), now + 19s);
  CHECK(value_of(fetching).entries[0].available);
}

TEST_CASE_FIXTURE(fixture, "a hedge waits for a peer that has nothing to do") {
  peers = {1, 2};
  options.peers = 2;
  auto fetching = fetch(first_items(4));
  auto sent = fetching.start(now);
  REQUIRE(sent.size() == 2);
  CHECK(fetching.on_tick(now + 2s).empty());
  auto hedge = fetching.on_reply(sent[1].id, answer(sent[1]), now + 3s);
  REQUIRE(hedge.size() == 1);
  CHECK(hedge[0].peer == 2);
  CHECK(hedge[0].items == sent[0].items);
}

TEST_CASE_FIXTURE(fixture,
                  "without a percentile, hedges come after a quarter of the time") {
  options.hedge_after = {};
  auto fetching = fetch(first_items(1));
  fetching.start(now);
  CHECK(fetching.next_event() == now + 5s);
}

TEST_CASE_FIXTURE(fixture, "at the deadline what was found is the result") {
  auto fetching = fetch(first_items(4));
  auto sent = fetching.start(now);
  fetching.on_reply(sent[2].id, answer(sent[2]), now);
  fetching.on_tick(now + 20s);
  auto found = value_of(fetching).entries;
  for (std::size_t i = 0; i < 4; ++i)
    CHECK(found[i].available == (i == 2));
  // An answer at the deadline counts, but starts nothing new.
  auto other = fetch(first_items(1));
  sent = other.start(now);
  CHECK(other.on_reply(sent[0].id, answer(sent[0], {0}), now + 20s).empty());
  CHECK(error_of(other) == request_error::timeout);
}

TEST_CASE_FIXTURE(fixture, "at the deadline every share has its last word") {
  auto fetching = fetch(first_items(4));
  const auto sent = fetching.start(now);
  REQUIRE(sent.size() == 4);
  CHECK(fetching.deadline() == now + 20s);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK_FALSE(fetching.finished());
    const auto next =
      i % 2 == 0 ? fetching.on_failure(sent[i].id, request_error::timeout, now + 20s)
                 : fetching.on_reply(sent[i].id, answer(sent[i]), now + 20s);
    CHECK(next.empty());
  }
  const auto found = value_of(fetching).entries;
  for (std::size_t i = 0; i < 4; ++i)
    CHECK(found[i].available == (i % 2 == 1));
}

TEST_CASE_FIXTURE(fixture, "answers that do not fit are ignored") {
  auto fetching = fetch(first_items(2));
  auto sent = fetching.start(now);
  CHECK(fetching.on_reply(99, answer(sent[0]), now).empty());
  CHECK(fetching.on_failure(0, request_error::timeout, now).empty());
  // Another item's body, an empty body, and no word about the one asked for.
  blocks odd{{{hash_of(1), true, body_of(hash_of(1))}, {hash_of(7), true, {}}}};
  auto retry = fetching.on_reply(sent[0].id, odd, now);
  REQUIRE(retry.size() == 1);
  CHECK(retry[0].items[0].hash == hash_of(0));
  CHECK(fetching.take_missing().empty());
  CHECK(fetching.on_reply(sent[0].id, answer(sent[0]), now).empty()); // a second answer
  CHECK_FALSE(fetching.finished());
}

TEST_CASE_FIXTURE(fixture, "I12: too many bytes end it as overloaded") {
  options.peers_per_item = 100;
  std::vector<std::byte> large(block_fetch::max_bytes / 16 + 1);
  const auto body = wire::slice::adopt(std::move(large));
  options.peers = 1;
  auto fetching = fetch(first_items(16));
  auto sent = fetching.start(now);
  blocks all;
  for (const auto& x : sent[0].items)
    all.entries.push_back({x.hash, true, {body}});
  fetching.on_reply(sent[0].id, all, now);
  CHECK(error_of(fetching) == request_error::overloaded);
}

TEST_CASE_FIXTURE(fixture, "transactions are told apart by txid and wtxid") {
  options.peers = 1;
  auto fetching = fetch({{hash_of(1), false}, {hash_of(1), true}});
  auto sent = fetching.start(now);
  REQUIRE(sent[0].items.size() == 2);
  const wire::tx body{body_of(hash_of(1)).bytes};
  peers.clear();
  fetching.on_reply(
    sent[0].id,
    transactions{{{{hash_of(1), true}, true, body}, {{hash_of(1), false}, false, {}}}},
    now);
  auto found = fetching.found_transactions();
  REQUIRE(std::holds_alternative<transactions>(found));
  const auto& entries = std::get<transactions>(found).entries;
  CHECK(entries.at(0).id == transaction_id{hash_of(1), false});
  CHECK_FALSE(entries.at(0).available);
  CHECK(entries.at(1).available);
  CHECK(entries.at(1).body == body);
}

// -- whole runs ------------------------------------------------------------------------

namespace {

enum class manner { honest, failing, silent };

struct remote {
  manner how = manner::honest;
  std::set<std::size_t> has;
};

struct outcome {
  std::map<std::size_t, bool> found;
  std::map<std::size_t, std::size_t> times_asked;
  bool failed = false;
};

/// One fetch of items 0 … n-1 by the chosen peers' manners, until it ends.
outcome run(unsigned seed, std::size_t n, std::map<peer_id, remote> peers,
            fetch_options options) {
  std::mt19937 dice{seed};
  struct arrival {
    time_point at;
    share_request share;
  };
  std::vector<arrival> under_way;
  std::map<peer_id, int> busy;
  outcome result;
  auto now = start_time;
  std::set<std::pair<peer_id, wire::hash256>> asked, missing;
  block_fetch fetching{
    first_items(n), options,
    [&](const transaction_id&, std::span<const peer_id> excluded) -> choice {
      std::vector<peer_id> fit;
      for (const auto& [id, peer] : peers)
        if (std::ranges::find(excluded, id) == excluded.end())
          fit.push_back(id);
      if (fit.empty())
        return {};
      return {fit[dice() % fit.size()]};
    }};
  auto send = [&](const std::vector<share_request>& shares) {
    for (const auto& x : shares) {
      REQUIRE(peers.contains(x.peer));
      REQUIRE_FALSE(x.items.empty());
      REQUIRE(x.items.size() <= block_fetch::max_share);
      REQUIRE(x.timeout > 0s);
      REQUIRE(++busy[x.peer] == 1);
      for (const auto& id : x.items) {
        REQUIRE(asked.insert({x.peer, id.hash}).second); // never twice from one peer
        auto item = id.hash.bytes[0] + 256u * id.hash.bytes[1];
        REQUIRE(++result.times_asked[item] <= options.peers_per_item);
      }
      under_way.push_back({now + std::chrono::milliseconds{1 + dice() % 3'000}, x});
    }
  };
  send(fetching.start(now));
  int steps = 0;
  while (!fetching.finished()) {
    REQUIRE(++steps < 20'000);
    auto next = std::ranges::min_element(under_way, {}, &arrival::at);
    auto tick = fetching.next_event();
    REQUIRE(tick);
    REQUIRE(*tick > now);
    if (next == under_way.end() || *tick <= next->at) {
      now = *tick;
      send(fetching.on_tick(now));
    } else {
      auto [at, share] = *next;
      under_way.erase(next);
      now = std::max(now, at);
      const auto& peer = peers.at(share.peer);
      if (peer.how == manner::silent)
        continue;
      --busy[share.peer];
      if (peer.how == manner::failing) {
        auto why = std::array{request_error::timeout, request_error::overloaded,
                              request_error::peer_gone}[dice() % 3];
        send(fetching.on_failure(share.id, why, now));
      } else {
        blocks answer;
        for (const auto& id : share.items) {
          auto item = id.hash.bytes[0] + 256u * id.hash.bytes[1];
          bool has = peer.has.contains(item);
          answer.entries.push_back(
            {id.hash, has, has ? body_of(id.hash) : wire::block{}});
          if (!has)
            missing.insert({share.peer, id.hash});
        }
        std::shuffle(answer.entries.begin(), answer.entries.end(), dice);
        send(fetching.on_reply(share.id, answer, now));
      }
    }
    for (const auto& x : fetching.take_missing())
      REQUIRE(missing.erase({x.peer, x.hash}) == 1);
    REQUIRE(missing.empty());
  }
  CHECK(now <= options.deadline);
  std::size_t open = 0;
  for (const auto& [id, count] : busy)
    open += static_cast<std::size_t>(count);
  CHECK(fetching.abandoned().size() == open);
  CHECK_FALSE(fetching.next_event());
  auto value = fetching.found_blocks();
  result.failed = std::holds_alternative<request_error>(value);
  if (!result.failed) {
    auto& entries = std::get<blocks>(value).entries;
    REQUIRE(entries.size() == n);
    for (std::size_t i = 0; i < n; ++i) {
      REQUIRE(entries[i].hash == hash_of(i));
      REQUIRE(entries[i].available == !entries[i].body.bytes.empty());
      if (entries[i].available)
        REQUIRE(entries[i].body == body_of(hash_of(i)));
      result.found[i] = entries[i].available;
    }
  }
  return result;
}

} // namespace

TEST_CASE("I3: a fetch ends once, with every item that an answering peer has") {
  for (unsigned seed = 1; seed <= 150; ++seed) {
    CAPTURE(seed);
    std::mt19937 dice{seed};
    const std::size_t n = 1 + dice() % 150;
    std::map<peer_id, remote> peers;
    for (peer_id i = 1; i <= 1 + dice() % 12; ++i) {
      auto& x = peers[i];
      auto roll = dice() % 10;
      x.how = roll < 6 ? manner::honest : roll < 8 ? manner::failing : manner::silent;
      for (std::size_t item = 0; item < n; ++item)
        if (dice() % 3 == 0)
          x.has.insert(item);
    }
    // Time enough to ask everybody for everything.
    fetch_options options{start_time + std::chrono::hours{10}, peers.size(),
                          std::chrono::milliseconds{500 + dice() % 4'000}, peers.size()};
    auto result = run(seed, n, peers, options);
    std::size_t available = 0;
    for (std::size_t i = 0; i < n; ++i) {
      bool has = std::ranges::any_of(peers, [&](const auto& x) {
        return x.second.how == manner::honest && x.second.has.contains(i);
      });
      available += has ? 1 : 0;
      if (!result.failed)
        CHECK(result.found[i] == has);
    }
    CHECK(result.failed == (available == 0));
  }
}

TEST_CASE("I3: with few tries and little time a fetch still ends once, by its deadline") {
  for (unsigned seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    std::mt19937 dice{seed};
    std::map<peer_id, remote> peers;
    for (peer_id i = 1; i <= 8; ++i) {
      peers[i].how = static_cast<manner>(dice() % 3);
      for (std::size_t item = 0; item < 300; ++item)
        if (dice() % 2 == 0)
          peers[i].has.insert(item);
    }
    run(seed, 300, peers,
        {start_time + std::chrono::seconds{1 + dice() % 30}, 8,
         std::chrono::milliseconds{dice() % 2'000}, 1 + dice() % 4});
  }
}
