// SPDX-License-Identifier: MIT
#include "actors/interfaces/addresses.hpp"
#include "actors/interfaces/broadcasts.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "tests/simulation/actor_world.hpp"

#include "actors/addresses/address_book.hpp"
#include "actors/addresses/crawler.hpp"
#include "messages/wire/addresses.hpp"

/// The CRAWLER between a scripted PEER_SET and a real ADDRESS_BOOK.
using namespace peerage;
using namespace peerage::test;

namespace {

/// A PEER_SET that answers what it is told to.
struct script {
  bool hangs = false;
  std::size_t asked = 0;
  std::vector<addresses_announced> answers; ///< Of those asked; told at once.
  std::vector<time_point> asked_at;
  std::vector<caf::typed_response_promise<gathered_addresses>> open;
};

using scripted_peers_actor = gather_addresses_source::extend<
  // Answer now what has been left open.
  caf::reacts_to<caf::tick_atom>>;

scripted_peers_actor::behavior_type scripted_peers(scripted_peers_actor::pointer self,
                                                   std::shared_ptr<script> what) {
  return {
    [self, what](const gather_addresses& x) -> caf::result<gathered_addresses> {
      CHECK(x.fan_out == crawl_fan_out);
      what->asked_at.push_back(self->clock().now());
      gathered_addresses result{what->asked, what->answers.size(), 0};
      for (const auto& answer : what->answers)
        self->send(x.taker, addresses_answered{answer});
      if (!what->hangs)
        return result;
      return what->open.emplace_back(self->make_response_promise<gathered_addresses>());
    },
    [what](caf::tick_atom) {
      for (auto& promise : std::exchange(what->open, {}))
        promise.deliver(gathered_addresses{what->asked, what->answers.size(), 0});
    },
  };
}

peer_info crawled_peer(peer_id id) {
  peer_info result;
  result.id = id;
  result.direction = peer_direction::outbound;
  result.remote = ipv4_endpoint(100, static_cast<std::uint8_t>(id), 0, 1, 8333);
  return result;
}

struct crawl_world : actor_world<crawler_actor> {
  crawl_world() {
    set_wall_clock(1'700'000'000);
    book = system.spawn(address_book, context, address_book_options{});
    peers = system.spawn(scripted_peers, set);
    crawling = system.spawn(crawler, context, book);
    caf::anon_send(crawling,
                   attach_crawl_target{caf::actor_cast<gather_addresses_source>(peers)});
    run();
  }

  ~crawl_world() {
    set->open.clear(); // they keep the set alive
    for (const auto& x :
         {caf::actor_cast<caf::actor>(book), caf::actor_cast<caf::actor>(peers),
          caf::actor_cast<caf::actor>(crawling)})
      caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
    run();
  }

  template <class Message>
  void tell_both(Message x) {
    caf::anon_send(crawling, x);
    caf::anon_send(book, std::move(x));
    run();
  }

  void want() { tell(crawl_wanted{}); }

  std::uint64_t known() {
    return answer_from<address_book_snapshot>(book, get_address_book_snapshot{}).total;
  }

  /// An answer of a peer with so many addresses, each in another network.
  addresses_announced answer_of(peer_id id, std::size_t count) {
    addresses_announced result{id, {}};
    for (std::size_t i = 0; i < count; ++i)
      result.entries.push_back(
        {1'700'000'000,
         1,
         wire::ipv4_network,
         {static_cast<std::uint8_t>(20 + i % 60), static_cast<std::uint8_t>(i / 60),
          static_cast<std::uint8_t>(id), 9},
         8333});
    return result;
  }

  std::shared_ptr<script> set = std::make_shared<script>();
  address_book_actor book;
  scripted_peers_actor peers;
  crawler_actor& crawling = subject;
};

} // namespace

TEST_CASE("the first peer is asked soon, and its answer gets into the book") {
  crawl_world test;
  test.pass(300s);
  CHECK(test.set->asked_at.empty()); // there is no peer to ask
  test.set->asked = 1;
  test.set->answers = {test.answer_of(1, 50)};
  test.tell_both(peer_joined{crawled_peer(1)});
  test.pass(first_crawl_delay + 1s);
  CHECK(test.set->asked_at.size() == 1);
  CHECK(test.known() > 40);
  const auto counts = test.answer<crawler_counts>(get_crawler_counts{});
  CHECK(counts.crawls == 1);
  CHECK(counts.answers == 1);
}

TEST_CASE("I7: an empty book never makes the crawler spin") {
  crawl_world test;
  test.tell_both(peer_joined{crawled_peer(1)});
  for (int i = 0; i < 36'000; ++i) {
    test.want();
    test.pass(1s);
    if (i % 100 == 0) { // peers that come and go are no reason either
      test.tell_both(peer_left{crawled_peer(1), peer_exit::remote_closed});
      test.tell_both(peer_joined{crawled_peer(1)});
    }
  }
  CHECK(test.set->asked_at.size() <= 36'000 / 61 + 1);
  CHECK(test.set->asked_at.size() >= 36'000 / 63 - 1);
  for (std::size_t i = 1; i < test.set->asked_at.size(); ++i)
    CHECK(test.set->asked_at[i] - test.set->asked_at[i - 1] >= crawl_interval);
  CHECK(test.known() == 0);
}

TEST_CASE("I7: a crawl that hangs stops nobody, and is given up") {
  crawl_world test;
  test.set->hangs = true;
  test.tell_both(peer_joined{crawled_peer(1)});
  test.pass(5s);
  REQUIRE(test.set->asked_at.size() == 1);
  test.want();
  test.pass(20s);
  CHECK(test.set->asked_at.size() == 1); // one at a time
  // The book answers meanwhile.
  CHECK(test.answer_from<candidates>(test.book, get_candidates{3}).entries.empty());
  test.set->hangs = false;
  test.set->asked = 1;
  test.set->answers = {test.answer_of(1, 10)};
  test.pass(100s);
  CHECK(test.set->asked_at.size() == 2);
  const auto known = test.known();
  CHECK(known > 5);
  const auto counts = test.answer<crawler_counts>(get_crawler_counts{});
  CHECK(counts.failures == 1);
  // The late answer is ignored.
  caf::anon_send(test.peers, caf::tick_atom_v);
  test.pass(10s);
  CHECK(test.known() == known);
}

TEST_CASE("a peer that says nothing holds up nobody else's addresses") {
  crawl_world test;
  test.set->hangs = true; // one has answered, another has not
  test.set->asked = 2;
  test.set->answers = {test.answer_of(1, 50)};
  test.tell_both(peer_joined{crawled_peer(1)});
  test.tell_both(peer_joined{crawled_peer(2)});
  test.pass(first_crawl_delay + 1s);
  CHECK(test.set->asked_at.size() == 1);
  CHECK(test.known() > 40);
}

TEST_CASE("a large book is not made larger unless the dialer has run out") {
  crawl_world test;
  add_addresses many{{}, std::nullopt};
  for (std::uint8_t source = 1; source < 40; ++source) {
    many.entries = test.answer_of(source, 60).entries;
    many.source = ipv4_endpoint(60, source, 0, 1, 8333);
    test.answer_from<std::uint64_t>(test.book, many);
  }
  REQUIRE(test.known() >= enough_addresses);
  test.tell_both(peer_joined{crawled_peer(1)});
  test.pass(600s);
  CHECK(test.set->asked_at.empty());
  test.want();
  test.pass(1s);
  CHECK(test.set->asked_at.size() == 1);
  test.pass(600s);
  CHECK(test.set->asked_at.size() == 1);
}

TEST_CASE("a crawler whose peer set is gone goes on, and ends when told") {
  crawl_world test;
  const auto actors = test.system.registry().running();
  caf::anon_send_exit(test.peers, caf::exit_reason::user_shutdown);
  test.tell_both(peer_joined{crawled_peer(1)});
  test.pass(300s);
  const auto counts = test.answer<crawler_counts>(get_crawler_counts{});
  CHECK(counts.failures == counts.crawls);
  CHECK(counts.crawls <= 300 / 61 + 1);
  caf::anon_send_exit(test.crawling, caf::exit_reason::user_shutdown);
  test.run();
  CHECK(test.system.registry().running() == actors - 2);
}
