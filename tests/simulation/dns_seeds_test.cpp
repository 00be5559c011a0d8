// SPDX-License-Identifier: MIT
#include "actors/interfaces/addresses.hpp"
#include "actors/interfaces/broadcasts.hpp"
#include "messages/known_address.hpp"
#include "tests/simulation/actor_world.hpp"

#include "actors/addresses/address_book.hpp"
#include "actors/addresses/dns_seeds.hpp"
#include "messages/wire/addresses.hpp"
#include "tests/support/memory_resolver.hpp"

/// DNS_SEEDS between a scripted resolver and a real ADDRESS_BOOK.
using namespace peerage;
using namespace peerage::test;

namespace {

constexpr unix_seconds seeds_start = 1'700'000'000;

endpoint node(std::uint8_t seed, std::uint8_t n) {
  return ipv4_endpoint(static_cast<std::uint8_t>(20 + seed), n, 1, 1, 8333);
}

struct seeds_world : actor_world<dns_seeds_actor> {
  explicit seeds_world(wire::network network = wire::network::main)
      : seeded(std::make_shared<node_context>(wire::parameters(network), 5)) {
    seeded->alarms = context->alarms;
    set_wall_clock(seeds_start);
    share_wall_clock(*seeded);
    book = system.spawn(address_book, seeded, address_book_options{});
  }

  ~seeds_world() {
    caf::anon_send_exit(book, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(seeds, caf::exit_reason::user_shutdown);
    run();
  }

  /// All seeds know a few nodes, or none of them is ever answered.
  void begin(bool hang) {
    std::uint8_t n = 0;
    for (const auto seed : seeded->network.seeds) {
      ++n;
      if (hang)
        names->add_black_hole(std::string{seed});
      else
        names->add(std::string{seed}, {node(n, 1), node(n, 2), node(n, 3)});
    }
    begin();
  }

  void begin() {
    seeds =
      system.spawn(dns_seeds, seeded, book, std::shared_ptr<peerage::resolver>{names});
    run();
  }

  void want() { tell(crawl_wanted{}); }

  dns_seeds_counts counts() { return answer<dns_seeds_counts>(get_dns_seeds_counts{}); }
  std::uint64_t known() {
    return answer_from<address_book_snapshot>(book, get_address_book_snapshot{}).total;
  }

  node_context_ptr seeded; ///< Of a network that has seeds.
  std::shared_ptr<memory_resolver> names = std::make_shared<memory_resolver>();
  address_book_actor book;
  dns_seeds_actor& seeds = subject;
};

} // namespace

TEST_CASE("an empty book makes a node ask all seeds at once") {
  seeds_world test;
  test.begin(false);
  test.pass(1s);
  const auto seeds = test.seeded->network.seeds.size();
  CHECK(test.names->lookups() == seeds);
  CHECK(test.counts().answers == seeds);
  CHECK(test.counts().added == test.known());
  CHECK(test.known() >= 2 * seeds);
  for (const auto& x :
       test.answer_from<known_address_list>(test.book, get_known_addresses{}).entries) {
    CHECK_FALSE(x.source);
    CHECK(x.address.port == 8333);
    CHECK(x.address.services == wire::node_network);
    CHECK(x.address.time <= seeds_start - 3 * 86'400 + 10);
    CHECK(x.address.time >= seeds_start - 7 * 86'400);
  }
  test.pass(10h);
  CHECK(test.names->lookups() == seeds); // no more are wanted
}

TEST_CASE("a node that knows enough asks only when hunger lasts") {
  seeds_world test;
  add_addresses many{{}, std::nullopt};
  for (std::uint8_t i = 0; i < 200; ++i)
    for (std::uint8_t k = 0; k < 3; ++k) {
      many.entries = {{static_cast<std::uint32_t>(seeds_start),
                       1,
                       wire::ipv4_network,
                       {static_cast<std::uint8_t>(60 + k), i, 1, 1},
                       8333}};
      many.source = ipv4_endpoint(i, k, 1, 1, 8333);
      test.answer_from<std::uint64_t>(test.book, many);
    }
  REQUIRE(test.known() >= few_addresses);
  test.begin(false);
  test.pass(600s);
  CHECK(test.names->lookups() == 0);
  test.want();
  test.pass(5s);
  caf::anon_send(test.seeds, addresses_available{}); // peers brought some
  test.pass(600s);
  CHECK(test.names->lookups() == 0);
  test.want();
  test.pass(dns_seeds_delay + 1s);
  CHECK(test.names->lookups() == test.seeded->network.seeds.size());
}

TEST_CASE("a resolver that hangs stops nobody, and is not asked twice") {
  seeds_world test;
  const std::string first{test.seeded->network.seeds[0]};
  for (const auto seed : test.seeded->network.seeds)
    test.names->add_black_hole(std::string{seed});
  test.names->add(first, {node(1, 1), node(1, 2)});
  test.begin();
  test.pass(1s);
  CHECK(test.known() == 2); // at once, though the others hang
  CHECK(test.counts().failures == 0);
  test.pass(seed_timeout);
  const auto others = test.seeded->network.seeds.size() - 1;
  CHECK(test.counts().failures == others);
  for (int i = 0; i < 7'200; ++i) {
    test.want();
    test.pass(1s);
  }
  CHECK(test.counts().rounds > 2);
  CHECK(test.names->lookups() == others + test.counts().rounds);
  // Very late, and welcome.
  resolved late{std::string{test.seeded->network.seeds[1]}, {node(2, 1)}, {}};
  caf::anon_send(test.seeds, late);
  caf::anon_send(test.seeds, late); // but once
  test.run();
  CHECK(test.known() == 3);
  CHECK(test.counts().answers == test.counts().rounds + 1);
}

TEST_CASE("I7: seeds that fail are asked ever less often") {
  for (const bool hang : {false, true}) {
    seeds_world test;
    if (hang)
      test.begin(true);
    else
      test.begin(); // the names are unknown
    for (int i = 0; i < 36'000; ++i) {
      test.want();
      test.pass(1s);
    }
    const auto rounds = test.counts().rounds;
    CHECK(rounds >= 12); // within ten hours
    CHECK(rounds <= 16);
    const auto seeds = test.seeded->network.seeds.size();
    CHECK(test.names->lookups() == (hang ? seeds : seeds * rounds));
    CHECK(test.known() == 0);
  }
}

TEST_CASE("addresses that the public network does not have are refused") {
  seeds_world test;
  const std::string first{test.seeded->network.seeds[0]};
  test.names->add(first, {ipv4_endpoint(127, 0, 0, 1, 1), ipv4_endpoint(10, 0, 0, 1, 1),
                          ipv4_endpoint(0, 0, 0, 0, 1), ipv4_endpoint(224, 0, 0, 1, 1),
                          node(1, 1)});
  test.begin();
  test.pass(1s);
  CHECK(test.known() == 1);
  CHECK(test.counts().refused == 4);
}

TEST_CASE("without seeds, or without a resolver, nobody is asked") {
  seeds_world regtest{wire::network::regtest};
  regtest.begin(false);
  seeds_world disabled;
  disabled.names = nullptr;
  disabled.begin();
  for (auto* test : {&regtest, &disabled}) {
    test->want();
    test->pass(600s);
    CHECK(test->counts().rounds == 0);
    CHECK(test->counts().seeds == 0);
  }
  CHECK(regtest.names->lookups() == 0);
}
