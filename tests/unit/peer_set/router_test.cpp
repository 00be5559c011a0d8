// SPDX-License-Identifier: MIT
#include "actors/peer_set/router.hpp"

#include "messages/wire/messages.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

using namespace peerage;
using namespace std::chrono_literals;

namespace {

const time_point start{1'000s};
constexpr std::uint64_t full_node = wire::node_network | wire::node_witness;

using ask = request_kind;
constexpr std::array kinds{
  ask::measure_latency,    ask::get_addresses,    ask::get_headers,
  ask::get_block_hashes,   ask::get_blocks,       ask::get_transactions,
  ask::get_mempool,        ask::send_transaction, ask::announce_transactions,
  ask::announce_addresses, ask::announce_block};

peer_info info(peer_id id, std::uint64_t services = full_node, bool relay = true) {
  peer_info result;
  result.id = id;
  result.services = services;
  result.relay = relay;
  result.protocol = 70'016;
  return result;
}

wire::hash256 item(std::uint8_t n) {
  wire::hash256 result;
  result.bytes[0] = n;
  return result;
}

struct fixture {
  router routes;
  random_source random{42};
  time_point now = start;

  void insert(peer_id first, peer_id last, std::uint64_t services = full_node) {
    for (auto i = first; i <= last; ++i)
      REQUIRE(routes.insert(info(i, services), now));
  }
  std::vector<routed_request> start_many(peer_id peer, request_kind kind, std::size_t n) {
    std::vector<routed_request> result;
    for (std::size_t i = 0; i < n; ++i)
      result.push_back(routes.started(peer, kind, now));
    return result;
  }
  /// A peer whose round trip is known.
  void insert_with_latency(peer_id peer, caf::timespan latency) {
    insert(peer, peer);
    auto sample = routes.started(peer, ask::measure_latency, now - latency);
    REQUIRE(routes.finished(sample, now, std::nullopt));
  }
  std::set<peer_id> chosen(request_kind kind, std::uint64_t needs = 0,
                           std::vector<peer_id> excluded = {}, int times = 200) {
    std::set<peer_id> result;
    for (int i = 0; i < times; ++i)
      if (auto x = routes.choose(kind, now, random, needs, excluded); x.peer)
        result.insert(*x.peer);
    return result;
  }
  std::set<peer_id> chosen_for(std::uint8_t n, std::vector<peer_id> excluded = {},
                               request_kind kind = ask::get_blocks) {
    std::set<peer_id> result;
    for (int i = 0; i < 200; ++i)
      if (auto x = routes.choose_for_item(item(n), kind, now, random, 0, excluded);
          x.peer)
        result.insert(*x.peer);
    return result;
  }
  request_error why_none(std::uint8_t n, std::vector<peer_id> excluded = {}) {
    auto x = routes.choose_for_item(item(n), ask::get_blocks, now, random, 0, excluded);
    REQUIRE_FALSE(x.peer);
    return x.why;
  }
};

using ids = std::set<peer_id>;

} // namespace

TEST_CASE("kinds are the alternatives of a request, each with its name") {
  CHECK(kind_of(request{peerage::measure_latency{}}) == ask::measure_latency);
  CHECK(kind_of(request{peerage::get_addresses{}}) == ask::get_addresses);
  CHECK(kind_of(request{peerage::get_headers{}}) == ask::get_headers);
  CHECK(kind_of(request{peerage::get_block_hashes{}}) == ask::get_block_hashes);
  CHECK(kind_of(request{peerage::get_blocks{}}) == ask::get_blocks);
  CHECK(kind_of(request{peerage::get_transactions{}}) == ask::get_transactions);
  CHECK(kind_of(request{peerage::get_mempool{}}) == ask::get_mempool);
  CHECK(kind_of(request{peerage::send_transaction{}}) == ask::send_transaction);
  CHECK(kind_of(request{peerage::announce_transactions{}}) == ask::announce_transactions);
  CHECK(kind_of(request{peerage::announce_block{}}) == ask::announce_block);
  CHECK(kinds.size() == request_kind_count);
  std::set<std::string_view> names;
  for (auto x : kinds)
    names.insert(to_string(x));
  CHECK(names.size() == request_kind_count);
  CHECK_FALSE(names.contains("unknown"));
}

// -- load and latency ------------------------------------------------------------------

TEST_CASE("load: the first sample replaces the assumption, peaks count in full") {
  peer_load load{start};
  CHECK(load.cost(0, start) == doctest::Approx(21));
  CHECK(load.cost(3, start) == doctest::Approx(84));
  load.on_sample(1s, start + 10s);
  CHECK(load.estimate(start + 10s) == doctest::Approx(1));
  load.on_sample(5s, start + 10s);
  CHECK(load.estimate(start + 10s) == doctest::Approx(5));
  // After 200 s the old estimate counts 1/e, the new sample the rest.
  load.on_sample(1s, start + 210s);
  CHECK(load.estimate(start + 210s) == doctest::Approx(5 * 0.367879 + 0.632121));
}

TEST_CASE("load: the estimate fades without samples, also the first assumption") {
  peer_load load{start};
  CHECK(load.estimate(start + 200s) == doctest::Approx(21 * 0.367879));
  load.on_sample(2s, start);
  CHECK(load.estimate(start + 400s) == doctest::Approx(2 * 0.135335));
}

TEST_CASE("percentiles are of the last 128 latencies") {
  latency_window window;
  CHECK_FALSE(window.percentile(0.95));
  for (int i = 1; i <= 100; ++i)
    window.add(std::chrono::milliseconds{i});
  CHECK(window.percentile(0.95) == 95ms);
  CHECK(window.percentile(0) == 1ms);
  CHECK(window.percentile(1) == 100ms);
  CHECK(window.percentile(0.5) == 50ms);
  for (int i = 0; i < 128; ++i)
    window.add(7s);
  CHECK(window.percentile(0) == 7s);
  CHECK(window.size() == 128);
  window.add(1s);
  CHECK(window.percentile(0) == 1s);
}

TEST_CASE_FIXTURE(fixture, "only values count as latencies of their kind") {
  insert(1, 1);
  auto sent = start_many(1, ask::get_blocks, 3);
  routes.finished(sent[0], start + 1s, std::nullopt);
  routes.finished(sent[1], start + 9s, request_error::timeout);
  routes.finished(sent[2], start + 9s, request_error::not_found);
  CHECK(routes.latency_percentile(ask::get_blocks, 1) == 1s);
  CHECK_FALSE(routes.latency_percentile(ask::get_headers, 1));
}

// -- ready and unready -----------------------------------------------------------------

TEST_CASE_FIXTURE(fixture, "a peer is unready at exactly 16 keyed requests") {
  insert(1, 1);
  auto pings = start_many(1, ask::measure_latency, 5);
  auto fetches = start_many(1, ask::get_blocks, 10);
  CHECK(routes.is_ready(1));
  CHECK(routes.choose(ask::get_transactions, now, random).peer == 1);
  fetches.push_back(routes.started(1, ask::get_transactions, now));
  CHECK_FALSE(routes.is_ready(1));
  CHECK(routes.counts().ready == 0);
  CHECK(routes.counts().unready == 1);
  for (auto kind : {ask::measure_latency, ask::get_blocks, ask::get_headers})
    CHECK(routes.choose(kind, now, random).why == request_error::overloaded);
  CHECK(routes.finished(fetches.back(), now, std::nullopt));
  CHECK(routes.is_ready(1));
  CHECK_FALSE(routes.finished(fetches.back(), now, std::nullopt));
}

TEST_CASE_FIXTURE(fixture, "ready peers are counted by direction, too") {
  for (peer_id i = 1; i <= 4; ++i) {
    auto next = info(i);
    next.direction = i == 4 ? peer_direction::inbound : peer_direction::outbound;
    REQUIRE(routes.insert(next, now));
  }
  CHECK(routes.counts().ready == 4);
  CHECK(routes.counts().ready_inbound == 1);
  auto fetches = start_many(4, ask::get_blocks, 16);
  CHECK(routes.counts().ready == 3);
  CHECK(routes.counts().ready_inbound == 0);
  CHECK(routes.finished(fetches.back(), now, std::nullopt));
  CHECK(routes.counts().ready_inbound == 1);
  CHECK(routes.remove(4));
  CHECK(routes.counts().ready == 3);
  CHECK(routes.counts().ready_inbound == 0);
}

TEST_CASE_FIXTURE(fixture, "of each unkeyed kind a peer takes one at a time") {
  insert(1, 1, full_node | wire::node_bloom);
  for (auto kind :
       {ask::get_addresses, ask::get_headers, ask::get_block_hashes, ask::get_mempool}) {
    CHECK(routes.choose(kind, now, random).peer == 1);
    auto sent = routes.started(1, kind, now);
    CHECK(routes.choose(kind, now, random).why == request_error::overloaded);
    CHECK(routes.is_ready(1)); // for other kinds
    routes.finished(sent, now, request_error::timeout);
    CHECK(routes.choose(kind, now, random).peer == 1);
    routes.started(1, kind, now);
  }
  CHECK(routes.choose(ask::measure_latency, now, random).peer == 1);
}

TEST_CASE_FIXTURE(fixture, "pushes are taken at any time") {
  insert(1, 1);
  start_many(1, ask::get_blocks, 16);
  for (auto kind :
       {ask::send_transaction, ask::announce_transactions, ask::announce_block})
    CHECK(routes.choose(kind, now, random).peer == 1);
}

TEST_CASE_FIXTURE(fixture, "an overloaded peer is busy until its next completion") {
  insert(1, 1);
  auto sent = start_many(1, ask::get_blocks, 4);
  routes.finished(sent[0], now, request_error::overloaded);
  CHECK_FALSE(routes.is_ready(1));
  CHECK(routes.choose(ask::get_headers, now, random).why == request_error::overloaded);
  routes.finished(sent[1], now, request_error::not_found);
  CHECK(routes.is_ready(1));
  routes.finished(sent[2], now, request_error::overloaded);
  CHECK_FALSE(routes.is_ready(1));
  // Nothing is left that could end the state.
  routes.finished(sent[3], now, request_error::overloaded);
  CHECK(routes.is_ready(1));
}

TEST_CASE_FIXTURE(fixture,
                  "a late end of a peer that left, or never was, changes nothing") {
  insert(1, 1);
  auto sent = routes.started(1, ask::get_blocks, now);
  CHECK_FALSE(routes.insert(info(1, 0), now));
  CHECK(routes.outstanding(1) == 1);
  CHECK(routes.remove(1));
  CHECK_FALSE(routes.remove(1));
  CHECK_FALSE(routes.finished(sent, now, std::nullopt));
  routes.started(9, ask::get_blocks, now);
  CHECK(routes.outbound_requests(ask::get_blocks) == 1);
  CHECK(routes.counts().total() == 0);
}

// -- the choice ------------------------------------------------------------------------

TEST_CASE_FIXTURE(fixture, "without peers there is no ready peer") {
  for (auto kind : kinds) {
    auto none = routes.choose(kind, now, random);
    CHECK_FALSE(none.peer);
    CHECK(none.why == request_error::no_ready_peer);
    CHECK(routes.fan_out(kind, random).empty());
  }
  CHECK(why_none(1) == request_error::no_ready_peer);
}

TEST_CASE_FIXTURE(fixture, "what a peer does not offer is not asked of it") {
  const auto bloom = std::uint64_t{wire::node_bloom};
  const auto limited = std::uint64_t{wire::node_network_limited};
  insert(1, 1, 0);
  insert(2, 2, bloom);
  insert(3, 3, limited);
  insert(4, 4, full_node);
  auto ancient = info(5, 0, false);
  ancient.protocol = 60'000;
  routes.insert(ancient, now);
  CHECK(chosen(ask::get_mempool) == ids{2});
  CHECK(chosen(ask::get_blocks) == ids{3, 4});
  CHECK(chosen(ask::get_headers) == ids{3, 4});
  CHECK(chosen(ask::get_block_hashes) == ids{3, 4});
  CHECK(chosen(ask::get_addresses) == ids{1, 2, 3, 4, 5});
  CHECK(chosen(ask::measure_latency) == ids{1, 2, 3, 4});
  CHECK(chosen(ask::send_transaction) == ids{1, 2, 3, 4});
  CHECK(chosen(ask::announce_transactions) == ids{1, 2, 3, 4});
  CHECK(chosen(ask::announce_block) == ids{1, 2, 3, 4, 5});
  CHECK(chosen(ask::get_transactions, wire::node_network) == ids{4});
  CHECK(chosen(ask::get_transactions, wire::node_network | limited).empty());
  CHECK(chosen(ask::get_blocks, 0, {4}) == ids{3});
  CHECK(routes.choose(ask::get_mempool, now, random, 0, std::vector<peer_id>{2}).why ==
        request_error::no_ready_peer);
}

TEST_CASE_FIXTURE(fixture, "of two, the lighter one is always taken") {
  insert_with_latency(1, 100ms);
  insert_with_latency(2, 350ms);
  CHECK(chosen(ask::get_blocks) == ids{1});
  auto sent = start_many(1, ask::get_blocks, 3); // 0.4 s against 0.35 s
  CHECK(chosen(ask::get_blocks) == ids{2});
  routes.finished(sent[0], now, request_error::cancelled);
  CHECK(chosen(ask::get_blocks) == ids{1});
  insert(3, 3); // unproven: assumed to be slow
  CHECK(chosen(ask::get_blocks) == ids{1, 2});
}

TEST_CASE_FIXTURE(fixture, "a timeout makes a peer heavy, a quick notfound not light") {
  insert_with_latency(1, 1s);
  insert_with_latency(2, 2s);
  auto sent = routes.started(2, ask::get_blocks, now);
  routes.finished(sent, now, request_error::not_found);
  CHECK(chosen(ask::get_blocks) == ids{1});
  sent = routes.started(1, ask::get_blocks, now - 20s);
  routes.finished(sent, now, request_error::timeout);
  CHECK(chosen(ask::get_blocks) == ids{2});
  // Silence about addresses is no fault.
  sent = routes.started(2, ask::get_addresses, now - 20s);
  routes.finished(sent, now, request_error::timeout);
  CHECK(chosen(ask::get_blocks) == ids{2});
}

TEST_CASE_FIXTURE(fixture, "power of two choices spreads over all but the heaviest") {
  for (peer_id i = 1; i <= 10; ++i)
    insert_with_latency(i, std::chrono::milliseconds{100 * i});
  std::map<peer_id, int> count;
  for (int i = 0; i < 9'000; ++i)
    ++count[*routes.choose(ask::get_blocks, now, random).peer];
  // Of the 45 pairs, peer i is the lighter one in 10 - i: 200 choices each.
  for (peer_id i = 1; i <= 10; ++i)
    CHECK(count[i] == doctest::Approx(200.0 * static_cast<double>(10 - i)).epsilon(0.25));
  CHECK(count[10] == 0);
}

TEST_CASE_FIXTURE(fixture, "one fitting peer among thousands is found") {
  insert(1, 10'000, 0);
  routes.insert(info(10'001), now);
  CHECK(chosen(ask::get_blocks, 0, {}, 5) == ids{10'001});
  CHECK(routes.counts().total() == 10'001);
}

TEST_CASE_FIXTURE(fixture, "an item is asked of its announcers, then of others") {
  insert(1, 5);
  CHECK(chosen_for(1) == ids{1, 2, 3, 4, 5});
  routes.announced(1, item(1), now);
  routes.announced(2, item(1), now);
  routes.missing(3, item(1), now);
  CHECK(chosen_for(1) == ids{1, 2});
  CHECK(chosen_for(1, {1}) == ids{2});
  CHECK(chosen_for(1, {1, 2}) == ids{4, 5});
  start_many(1, ask::get_blocks, 16);
  start_many(2, ask::get_blocks, 16);
  CHECK(chosen_for(1) == ids{4, 5});
  CHECK(chosen_for(2) == ids{3, 4, 5});
  now += 106s; // what was said is too old
  CHECK(chosen_for(1) == ids{3, 4, 5});
}

TEST_CASE_FIXTURE(fixture, "why no peer can be asked for an item") {
  insert(1, 3);
  routes.insert(info(4, 0), now); // has no blocks at all
  for (peer_id i : {1u, 2u})
    routes.missing(i, item(1), now);
  start_many(3, ask::get_blocks, 16);
  CHECK(why_none(1) == request_error::overloaded);
  CHECK(why_none(1, {3}) == request_error::not_found);
  CHECK(why_none(1, {1, 2, 3}) == request_error::no_ready_peer);
  routes.missing(3, item(1), now);
  CHECK(why_none(1) == request_error::not_found);
}

TEST_CASE_FIXTURE(fixture, "blocks come from peers with witnesses if there are any") {
  insert(1, 2, wire::node_network);
  insert(3, 3, full_node);
  routes.announced(1, item(1), now);
  CHECK(chosen_for(1) == ids{3});
  CHECK(chosen_for(1, {3}) == ids{1});
  routes.missing(3, item(1), now);
  CHECK(chosen_for(1) == ids{1});
  CHECK(chosen_for(2, {3}) == ids{1, 2});
}

TEST_CASE_FIXTURE(fixture, "what a peer announced is forgotten when it leaves") {
  insert(1, 3);
  routes.announced(1, item(1), now);
  routes.announced(9, item(1), now); // an unknown peer
  CHECK(chosen_for(1) == ids{1});
  routes.remove(1);
  CHECK(chosen_for(1) == ids{2, 3});
}

TEST_CASE_FIXTURE(fixture, "peers that left take no room from those that stay") {
  insert(1, 71);
  for (peer_id i = 1; i <= 70; ++i)
    routes.announced(i, item(1), now);
  for (peer_id i = 2; i <= 70; ++i)
    routes.remove(i);
  routes.announced(71, item(1), now);
  CHECK(chosen_for(1, {71}) == ids{1});
  insert(72, 72);
  CHECK(chosen_for(1, {71}) == ids{1}); // still known to have it
}

// -- to many ---------------------------------------------------------------------------

TEST_CASE_FIXTURE(fixture,
                  "a fan-out goes to a third of the ready peers, all different") {
  for (peer_id n = 1; n <= 30; ++n) {
    insert(n, n);
    auto found = routes.fan_out(ask::announce_block, random);
    CHECK(found.size() == (n + 2) / 3);
    CHECK(ids{found.begin(), found.end()}.size() == found.size());
  }
  for (peer_id n = 1; n <= 24; ++n)
    start_many(n, ask::get_blocks, 16);
  ids seen;
  for (int i = 0; i < 100; ++i) {
    auto found = routes.fan_out(ask::announce_block, random, std::vector<peer_id>{30});
    CHECK(found.size() == 2);
    seen.insert(found.begin(), found.end());
  }
  CHECK(seen == ids{25, 26, 27, 28, 29});
}

TEST_CASE_FIXTURE(fixture, "an announcement to all reaches unready peers later") {
  insert(1, 3);
  routes.insert(info(4, full_node, false), now); // wants no transactions
  auto sent = start_many(2, ask::get_blocks, 16);
  std::vector<announcement> news;
  for (int i = 0; i < 6; ++i)
    news.push_back(std::make_shared<const request>(peerage::announce_transactions{}));
  for (const auto& x : news) {
    auto told = routes.announce_to_all(x);
    CHECK(ids{told.begin(), told.end()} == ids{1, 3});
  }
  CHECK(routes.take_deferred(2).empty()); // not ready yet
  routes.finished(sent[0], now, std::nullopt);
  // The newest four.
  CHECK(routes.take_deferred(2) == std::vector(news.begin() + 2, news.end()));
  CHECK(routes.take_deferred(2).empty());
  CHECK(routes.take_deferred(1).empty());
  CHECK(routes.take_deferred(99).empty());
  auto told =
    routes.announce_to_all(std::make_shared<const request>(peerage::announce_block{}));
  CHECK(ids{told.begin(), told.end()} == ids{1, 2, 3, 4});
}

// -- everything at once ----------------------------------------------------------------

TEST_CASE(
  "I5: total = ready + unready = model, and every routed request is counted once") {
  struct modelled {
    std::uint64_t services;
    std::map<request_kind, int> in_flight;
    bool busy = false;
    int all() const {
      int sum = 0;
      for (const auto& [kind, n] : in_flight)
        sum += n;
      return sum;
    }
    bool ready() {
      return !busy && in_flight[ask::measure_latency] + in_flight[ask::get_blocks] +
                          in_flight[ask::get_transactions] <
                        16;
    }
  };
  for (unsigned seed = 1; seed <= 15; ++seed) {
    CAPTURE(seed);
    std::mt19937 dice{seed};
    random_source random{seed};
    router routes;
    std::map<peer_id, modelled> model;
    std::vector<routed_request> under_way; // of peers gone too
    std::map<request_kind, std::uint64_t> routed;
    peer_id last = 0;
    auto now = start;
    const std::array outcomes{
      std::optional<request_error>{}, std::optional{request_error::not_found},
      std::optional{request_error::timeout}, std::optional{request_error::overloaded}};
    auto route = [&](peer_id peer, request_kind kind) {
      under_way.push_back(routes.started(peer, kind, now));
      ++model.at(peer).in_flight[kind];
      ++routed[kind];
    };
    for (int step = 0; step < 3'000; ++step) {
      now += std::chrono::milliseconds{dice() % 500};
      auto kind = kinds[dice() % kinds.size()];
      switch (dice() % 16) {
      case 0:
        if (model.size() < 12) {
          auto services = std::array<std::uint64_t, 3>{
            0, full_node, full_node | wire::node_bloom}[dice() % 3];
          REQUIRE(routes.insert(info(++last, services), now));
          model[last] = {services, {}};
        }
        break;
      case 1:
        if (dice() % 4 == 0) {
          peer_id peer = 1 + dice() % (last + 1);
          REQUIRE(routes.remove(peer) == (model.erase(peer) == 1));
        }
        break;
      case 2: {
        peer_id peer = 1 + dice() % (last + 1);
        auto hash = item(static_cast<std::uint8_t>(dice() % 4));
        dice() % 2 ? routes.announced(peer, hash, now) : routes.missing(peer, hash, now);
        break;
      }
      case 3: {
        auto ready =
          std::ranges::count_if(model, [](auto& x) { return x.second.ready(); });
        auto found = routes.fan_out(ask::announce_block, random);
        REQUIRE(found.size() == static_cast<std::size_t>((ready + 2) / 3));
        for (auto peer : found)
          route(peer, ask::announce_block);
        break;
      }
      case 4:
      case 5:
      case 6:
      case 7:
      case 8:
        if (!under_way.empty()) {
          std::swap(under_way[dice() % under_way.size()], under_way.back());
          auto ended = under_way.back();
          under_way.pop_back();
          auto outcome = outcomes[dice() % outcomes.size()];
          auto found = model.find(ended.peer);
          REQUIRE(routes.finished(ended, now, outcome) == (found != model.end()));
          if (found != model.end()) {
            --found->second.in_flight[ended.kind];
            found->second.busy =
              outcome == request_error::overloaded && found->second.all() > 0;
          }
        }
        break;
      default: {
        std::vector<peer_id> excluded;
        for (peer_id i = 1; i <= last; ++i)
          if (dice() % 4 == 0)
            excluded.push_back(i);
        auto takes = [&](auto& x) {
          auto& [id, peer] = x;
          if (std::ranges::find(excluded, id) != excluded.end())
            return false;
          if (kind == ask::get_mempool && !(peer.services & wire::node_bloom))
            return false;
          if ((kind == ask::get_headers || kind == ask::get_block_hashes ||
               kind == ask::get_blocks) &&
              !(peer.services & wire::node_network))
            return false;
          return is_push(kind) ||
                 (peer.ready() && (is_keyed(kind) || peer.in_flight[kind] == 0));
        };
        auto possible = std::ranges::count_if(model, takes);
        auto chosen = kind == ask::get_blocks && dice() % 2
                        ? routes.choose_for_item(item(9), kind, now, random, 0, excluded)
                        : routes.choose(kind, now, random, 0, excluded);
        REQUIRE(chosen.peer.has_value() == (possible > 0));
        if (chosen.peer) {
          auto found = model.find(*chosen.peer);
          REQUIRE(found != model.end());
          REQUIRE(takes(*found));
          route(*chosen.peer, kind);
        }
      }
      }
      auto counts = routes.counts();
      auto ready = std::ranges::count_if(model, [](auto& x) { return x.second.ready(); });
      REQUIRE(counts.total() == model.size());
      REQUIRE(counts.ready == static_cast<std::size_t>(ready));
      REQUIRE(counts.ready + counts.unready == counts.total());
      for (auto& [id, peer] : model)
        REQUIRE(routes.outstanding(id) == static_cast<std::size_t>(peer.all()));
    }
    for (auto kind : kinds)
      CHECK(routes.outbound_requests(kind) == routed[kind]);
  }
}
