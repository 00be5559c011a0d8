// SPDX-License-Identifier: MIT
#include "actors/addresses/address_gossip.hpp"
#include "actors/addresses/getaddr_cache.hpp"
#include "actors/interfaces/broadcasts.hpp"
#include "messages/wire/addresses.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <set>

using namespace peerage;
using namespace std::chrono_literals;

namespace {

constexpr unix_seconds wall = 1'700'000'000;
constexpr auto wall_32 = static_cast<std::uint32_t>(wall);
const time_point start = time_point{} + 1'000h;

using bytes = std::vector<std::uint8_t>;

wire::network_address address(std::uint8_t network, bytes where,
                              std::uint32_t time = wall_32, std::uint16_t port = 8333) {
  return {time, 1, network, std::move(where), port};
}

/// A routable IPv4 address of its own for each of 2^24 numbers.
wire::network_address ipv4(unsigned number, std::uint32_t time = wall_32) {
  return address(wire::ipv4_network,
                 {8, static_cast<std::uint8_t>(number >> 16),
                  static_cast<std::uint8_t>(number >> 8),
                  static_cast<std::uint8_t>(number)},
                 time);
}

wire::network_address tor(unsigned number) {
  bytes key(32, 7);
  key[0] = static_cast<std::uint8_t>(number >> 8);
  key[1] = static_cast<std::uint8_t>(number);
  return address(wire::tor_v3_network, key);
}

bytes ipv6(std::string_view text) {
  endpoint read;
  REQUIRE(parse_endpoint(text, 1, read));
  return {read.ip.begin(), read.ip.end()};
}

std::size_t faulty(const address_intake& x, address_fault why) {
  return x.faulty[static_cast<std::size_t>(why)];
}

std::size_t total(const address_intake& x) {
  return std::accumulate(x.faulty.begin(), x.faulty.end(),
                         x.entries.size() + x.peer_gone + x.rate_limited);
}

/// A gossip with peers 1 … n, all of which understand addrv2, take addresses and may tell
/// 1,000.
struct network {
  explicit network(peer_id peers, std::uint64_t seed = 1) : random(seed) {
    for (peer_id peer = 1; peer <= peers; ++peer) {
      gossip.peer_joined(peer, true, true, start);
      gossip.asked(peer, start);
    }
  }

  address_intake tell(peer_id from, std::vector<wire::network_address> entries,
                      bool solicited = false, unix_seconds when = wall) {
    return gossip.receive(from, std::move(entries), start, when, solicited);
  }

  /// All that is queued, by peer.
  std::map<peer_id, std::vector<wire::network_address>> flush() {
    std::map<peer_id, std::vector<wire::network_address>> result;
    for (auto& batch : gossip.due(start + 10h)) {
      CHECK(result.count(batch.peer) == 0);
      CHECK(!batch.entries.empty());
      result[batch.peer] = std::move(batch.entries);
    }
    CHECK(!gossip.next_due());
    return result;
  }

  random_source random;
  address_gossip gossip{random, false};
};

} // namespace

// -- address_token_bucket --------------------------------------------------------------

TEST_CASE("an allowance starts at one address and grows by one each ten seconds") {
  address_token_bucket x{start};
  CHECK(x.take(5, start) == 1);
  CHECK(x.take(5, start + 10s - 1ns) == 0);
  CHECK(x.take(5, start + 10s) == 1);
  CHECK(x.take(5, start + 45s) == 3); // half of one is left
  CHECK(x.take(5, start + 50s) == 1);
  CHECK(x.take(5, start) == 0); // a time that goes back earns nothing
  CHECK(x.take(5, start + 59s) == 0);
}

TEST_CASE("an allowance earns at most 1,000; a request adds 1,000 beyond that") {
  address_token_bucket x{start};
  x.add_request(start);
  CHECK(x.take(5'000, start) == 1'001);
  CHECK(x.take(5'000, start + 24h * 365) == 1'000);
  x.add_request(start + 24h * 366);
  CHECK(x.take(500, start + 24h * 366) == 500); // of 2,000
  // Above 1,000 nothing is earned.
  CHECK(x.take(5'000, start + 24h * 400) == 1'500);
  for (int i = 0; i < 100; ++i)
    x.add_request(start + 24h * 400);
  CHECK(x.take(50'000, start + 24h * 400) == 10'000);
}

TEST_CASE("an allowance never pays for more than was earned and requested") {
  std::mt19937_64 random{11};
  for (int run = 0; run < 50; ++run) {
    address_token_bucket x{start};
    auto now = start;
    std::size_t paid = 0;
    std::size_t requested = 0;
    for (int step = 0; step < 200; ++step) {
      now += std::chrono::milliseconds(random() % 20'000);
      if (random() % 50 == 0) {
        x.add_request(now);
        requested += 1'000;
      }
      paid += x.take(random() % 4, now);
      CHECK(paid <= 1 + requested + static_cast<std::size_t>((now - start) / 10s));
    }
  }
}

// -- peer_known_addresses ---------------------------------------------------------------

TEST_CASE("the last 2,500 known addresses are known, older than 5,000 none") {
  std::mt19937_64 random{3};
  peer_known_addresses x;
  std::vector<std::uint64_t> told;
  for (int i = 0; i < 12'000; ++i) {
    auto hash = random();
    if (i % 3 == 0 && !told.empty())
      hash = told[told.size() - 1 - random() % std::min<std::size_t>(told.size(), 100)];
    else
      told.push_back(hash);
    x.insert(hash);
    CHECK(x.contains(hash));
  }
  const auto newest = told.end() - peer_known_addresses::generation_size;
  CHECK(std::all_of(newest, told.end(), [&](auto hash) { return x.contains(hash); }));
  CHECK(std::count_if(told.begin(), told.end(),
                      [&](auto hash) { return x.contains(hash); }) <= 5'000);
  CHECK(std::none_of(told.begin(), told.end() - 5'000,
                     [&](auto hash) { return x.contains(hash); }));
  int mistaken = 0;
  for (int i = 0; i < 100'000; ++i)
    mistaken += x.contains(random());
  CHECK(mistaken <= 2);
}

TEST_CASE("an address is hashed by what it is, not by what is said of it") {
  random_source random{1};
  address_hasher hash{random};
  auto x = ipv4(5);
  auto same = x;
  same.time = 5;
  same.services = 77;
  CHECK(hash(x) == hash(same));
  auto other_port = x;
  ++other_port.port;
  auto swapped_port = x;
  swapped_port.port = 0x8d20; // 8333 with its bytes exchanged
  CHECK(hash(x) != hash(other_port));
  CHECK(hash(x) != hash(swapped_port));
  CHECK(hash(x) != hash(ipv4(6)));
  CHECK(hash(address(4, bytes(32, 1))) != hash(address(5, bytes(32, 1))));
  CHECK(hash(x) != address_hasher{random}(x));
}

// -- what is taken in ---------------------------------------------------------------

TEST_CASE("addresses of known networks in their right form are taken") {
  const auto fault = [](std::uint8_t network, bytes where, std::uint16_t port = 8333) {
    return fault_of(address(network, std::move(where), 0, port), false);
  };
  CHECK(fault(1, {1, 2, 3, 4}) == std::nullopt);
  CHECK(fault(2, ipv6("2a00:1450::1")) == std::nullopt);
  CHECK(fault(4, bytes(32, 1)) == std::nullopt);
  CHECK(fault(5, bytes(32, 1)) == std::nullopt);
  CHECK(fault(5, bytes(32, 1), 0) == std::nullopt); // I2P has no ports
  CHECK(fault(6, ipv6("fc00::1")) == std::nullopt);

  using enum address_fault;
  CHECK(fault(1, {1, 2, 3, 4}, 0) == malformed);
  CHECK(fault(2, ipv6("2a00:1450::1"), 0) == malformed);
  CHECK(fault(4, bytes(32, 1), 0) == malformed);
  CHECK(fault(6, ipv6("fc00::1"), 0) == malformed);
  for (auto network : bytes{1, 2, 4, 5, 6})
    for (std::size_t size : {0, 3, 5, 10, 15, 17, 31, 33, 512})
      CHECK(fault(network, bytes(size, 0xfc)) == malformed);
  CHECK(fault(1, bytes(16, 9)) == malformed);
  CHECK(fault(6, ipv6("fd00::1")) == malformed);
  CHECK(fault(2, ipv6("::ffff:1.2.3.4")) == malformed);
  CHECK(fault(2, ipv6("fd87:d87e:eb43::1")) == malformed);
  for (auto network : bytes{0, 3, 7, 8, 255})
    CHECK(fault(network, bytes(10, 1)) == unknown_network);
  CHECK(fault(1, {127, 0, 0, 1}) == unroutable);
  CHECK(fault(1, {192, 168, 1, 1}) == unroutable);
  CHECK(fault(2, ipv6("::1")) == unroutable);
  CHECK(fault(2, ipv6("fe80::1")) == unroutable);
  CHECK(fault(2, ipv6("fd87:d87e:eb44::1")) == unroutable);
}

TEST_CASE("where unroutable addresses are allowed, disguises still are not") {
  const auto fault = [](std::uint8_t network, bytes where) {
    return fault_of(address(network, std::move(where)), true);
  };
  CHECK(fault(1, {127, 0, 0, 1}) == std::nullopt);
  CHECK(fault(2, ipv6("::1")) == std::nullopt);
  CHECK(fault(1, {0, 0, 0, 0}) == address_fault::unroutable);
  CHECK(fault(2, bytes(16, 0)) == address_fault::unroutable);
  CHECK(fault(2, ipv6("::ffff:127.0.0.1")) == address_fault::malformed);
  CHECK(fault(2, ipv6("fd87:d87e:eb43::1")) == address_fault::malformed);
}

TEST_CASE("unbelievable times become five days ago") {
  network x{1};
  const auto time_kept = [&](unix_seconds claimed) -> unix_seconds {
    auto told = x.tell(1, {ipv4(1, static_cast<std::uint32_t>(claimed))});
    REQUIRE(told.entries.size() == 1);
    return told.entries.front().time;
  };
  const auto assumed = wall - 5 * 24 * 3'600;
  for (auto believable : {wall, wall + 600, wall - 601, unix_seconds{100'000'001}})
    CHECK(time_kept(believable) == believable);
  for (auto claimed : {wall + 601, unix_seconds{0}, unix_seconds{100'000'000},
                       unix_seconds{0xffff'ffff}})
    CHECK(time_kept(claimed) == assumed);
  // A clock of ours that is far off makes no number wrap.
  CHECK(x.tell(1, {ipv4(1)}, false, 5).entries.at(0).time == 0);
  CHECK(x.tell(1, {ipv4(1, 5)}, false, unix_seconds{1} << 40).entries.at(0).time ==
        0xffff'ffff);
}

TEST_CASE("every entry is stored or refused for a reason") {
  network x{2};
  std::vector<wire::network_address> entries;
  for (unsigned i = 0; i < 1'200; ++i)
    entries.push_back(i % 2 == 0   ? ipv4(i)
                      : i % 4 == 1 ? address(1, {10, 0, 0, 1})
                                   : address(9, {}));
  auto told = x.tell(1, entries);
  CHECK(total(told) == 1'200);
  CHECK(told.rate_limited == 199);
  CHECK(told.entries.size() > 400);
  CHECK(faulty(told, address_fault::unroutable) > 150);
  CHECK(faulty(told, address_fault::unknown_network) > 150);
  CHECK(x.gossip.counts(1).processed == 1'001);
  CHECK(x.gossip.counts(1).rate_limited == 199);
  CHECK(x.tell(7, entries).peer_gone == 1'200);
  CHECK(x.tell(2, {}).entries.empty());
}

TEST_CASE("of more addresses than allowed, random ones are kept") {
  std::map<std::uint8_t, int> kept;
  random_source random{9};
  for (int run = 0; run < 500; ++run) {
    address_gossip gossip{random, false};
    gossip.peer_joined(1, true, true, start);
    std::vector<wire::network_address> entries;
    for (unsigned i = 0; i < 20; ++i)
      entries.push_back(ipv4(i));
    auto told = gossip.receive(1, entries, start + 40s, wall, false);
    REQUIRE(told.entries.size() == 5);
    std::set<std::uint8_t> distinct;
    for (const auto& entry : told.entries)
      distinct.insert(entry.bytes.back());
    CHECK(distinct.size() == 5);
    for (auto number : distinct)
      ++kept[number];
  }
  CHECK(kept.size() == 20);
  for (const auto& x : kept) // 125 each on average
    CHECK_MESSAGE((x.second > 80 && x.second < 170), x.first, " ", x.second);
}

// -- what is passed on --------------------------------------------------------------

TEST_CASE("news goes to two other peers, and not again when it is repeated") {
  for (unsigned i = 0; i < 200; ++i) {
    network x{10, i};
    x.tell(3, {ipv4(i)});
    auto sent = x.flush();
    CHECK(sent.size() == 2);
    CHECK(sent.count(3) == 0);
    for (const auto& [peer, entries] : sent)
      CHECK(entries == std::vector{ipv4(i)});
    for (int again = 0; again < 5; ++again)
      x.tell(3, {ipv4(i, wall_32 + 1)});
    CHECK(x.flush().empty());
  }
}

TEST_CASE("the source of an address hardly matters for where it goes, until next day") {
  network x{30};
  std::set<peer_id> first_day;
  for (peer_id from = 1; from <= 30; ++from) {
    x.tell(from, {ipv4(77)});
    for (const auto& [peer, entries] : x.flush())
      first_day.insert(peer);
  }
  // The best two, or one of them and the third if the source is the other.
  CHECK(first_day.size() >= 2);
  CHECK(first_day.size() <= 3);
  // All 30 know it now; newcomers show which peers the other days choose.
  std::set<std::set<peer_id>> choices;
  for (unix_seconds day = 0; day < 8; ++day) {
    network same_random{30};
    same_random.tell(1, {ipv4(77, wall_32 + static_cast<std::uint32_t>(day * 86'400))},
                     false, wall + day * 86'400);
    std::set<peer_id> chosen;
    for (const auto& [peer, entries] : same_random.flush())
      chosen.insert(peer);
    choices.insert(chosen);
  }
  CHECK(choices.size() >= 6);
}

TEST_CASE("an address turns to other peers once in 24 hours") {
  int turns = 0;
  std::set<peer_id> before;
  for (unix_seconds hour = 0; hour < 24 * 4; ++hour) {
    network x{50};
    auto now = wall + hour * 3'600;
    x.tell(1, {ipv4(5, static_cast<std::uint32_t>(now))}, false, now);
    std::set<peer_id> chosen;
    for (const auto& [peer, entries] : x.flush())
      chosen.insert(peer);
    turns += hour > 0 && chosen != before;
    before = chosen;
  }
  CHECK((turns == 3 || turns == 4));
}

TEST_CASE("all peers are chosen alike") {
  network x{20};
  std::map<peer_id, std::size_t> sent;
  for (unsigned i = 0; i < 500; ++i) {
    x.tell(1, {ipv4(i)});
    for (const auto& [peer, entries] : x.flush())
      sent[peer] += entries.size();
  }
  CHECK(sent.size() == 19);
  for (const auto& to : sent) // 53 each on average
    CHECK_MESSAGE((to.second > 25 && to.second < 85), to.first, " ", to.second);
}

TEST_CASE("what is no news is stored and not passed on") {
  network x{5};
  std::vector<wire::network_address> many;
  for (unsigned i = 0; i < 11; ++i)
    many.push_back(ipv4(i));
  CHECK(x.tell(1, many).entries.size() == 11);
  CHECK(x.flush().empty());
  CHECK(x.tell(1, {ipv4(100)}, true).entries.size() == 1); // an answer to us
  CHECK(x.flush().empty());
  CHECK(x.tell(1, {ipv4(101, wall_32 - 600)}).entries.size() == 1);
  CHECK(x.flush().empty());
  CHECK(x.tell(1, {ipv4(102, wall_32 + 601)}).entries.size() == 1);
  CHECK(x.flush().empty());
  CHECK(x.tell(1, {address(1, {127, 0, 0, 1})}).entries.empty());
  CHECK(x.flush().empty());

  many.resize(10);
  x.tell(1, many);
  std::size_t sent = 0;
  for (const auto& [peer, entries] : x.flush())
    sent += entries.size();
  CHECK(sent == 20);
  x.tell(1, {ipv4(103, wall_32 - 599)});
  CHECK(x.flush().size() == 2);
  x.tell(1, {ipv4(104, wall_32 + 600)});
  CHECK(x.flush().size() == 2);
}

TEST_CASE("unroutable addresses are stored where allowed, and passed on never") {
  random_source random{1};
  address_gossip gossip{random, true};
  gossip.peer_joined(1, true, true, start);
  gossip.peer_joined(2, true, true, start);
  CHECK(
    gossip.receive(1, {address(1, {127, 0, 0, 1})}, start, wall, false).entries.size() ==
    1);
  CHECK(!gossip.next_due());
}

TEST_CASE("an address that we cannot dial goes to one or two peers, half and half") {
  network x{10};
  std::map<std::size_t, int> reached;
  for (unsigned i = 0; i < 400; ++i) {
    x.tell(1, {tor(i)});
    ++reached[x.flush().size()];
  }
  CHECK(reached[1] + reached[2] == 400);
  CHECK(reached[1] > 150);
  CHECK(reached[2] > 150);
}

TEST_CASE("a peer gets only what it understands, and only if it takes addresses") {
  random_source random{4};
  address_gossip gossip{random, false};
  gossip.peer_joined(1, true, true, start);
  gossip.asked(1, start);
  gossip.peer_joined(2, false, true, start);  // an old one
  gossip.peer_joined(3, true, false, start);  // for blocks only
  gossip.peer_joined(4, false, false, start); // inbound, and silent so far
  for (unsigned i = 0; i < 50; ++i)
    gossip.receive(1, {ipv4(i), tor(i)}, start, wall, false);
  auto sent = gossip.due(start + 10h);
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].peer == 2);
  CHECK(sent[0].entries.size() == 50);
  CHECK(std::ranges::all_of(sent[0].entries,
                            [](const auto& entry) { return entry.network_id == 1; }));
  gossip.start_sending(4);
  gossip.start_sending(4);
  gossip.start_sending(99);
  for (unsigned i = 50; i < 100; ++i)
    gossip.receive(1, {ipv4(i), tor(i)}, start, wall, false);
  CHECK(gossip.queued(2) == 50);
  CHECK(gossip.queued(3) == 0);
  CHECK(gossip.queued(4) == 50);
}

TEST_CASE("a peer is not told what it knows") {
  network x{2};
  x.tell(1, {ipv4(1), ipv4(2), ipv4(3)});
  x.gossip.told(2, {ipv4(1, 0)}); // our answer to its getaddr
  x.tell(2, {ipv4(2)});           // after it was queued for it
  auto sent = x.flush();
  CHECK(sent.size() == 1); // 1 knows all of it
  CHECK(sent[2] == std::vector{ipv4(3)});
  x.gossip.told(99, {ipv4(1)});
}

TEST_CASE("a queue is bounded, and a full one keeps a random part") {
  network x{2};
  for (unsigned i = 0; i < 2'000; i += 10) {
    std::vector<wire::network_address> ten;
    for (unsigned j = 0; j < 10; ++j)
      ten.push_back(ipv4(i + j));
    x.gossip.asked(1, start);
    x.tell(1, ten);
    CHECK(x.gossip.queued(2) == std::min(i + 10, 1'000u));
  }
  auto sent = x.flush()[2];
  REQUIRE(sent.size() == 1'000);
  std::set<bytes> distinct;
  std::size_t early = 0;
  for (const auto& entry : sent) {
    distinct.insert(entry.bytes);
    early += (entry.bytes[2] * 256 + entry.bytes[3]) < 1'000;
  }
  CHECK(distinct.size() == 1'000);
  CHECK(early > 300); // of 1,000, 1/e stay on average
  CHECK(early < 440);
}

TEST_CASE("messages wait for an exponential time of 30 s on average") {
  network x{2};
  auto now = start;
  double sum = 0;
  int below_median = 0;
  constexpr int count = 3'000;
  for (int i = 0; i < count; ++i) {
    x.gossip.asked(1, now);
    x.gossip.receive(1, {ipv4(static_cast<unsigned>(i))}, now, wall, false);
    auto next = x.gossip.next_due();
    REQUIRE(next);
    auto delay = std::chrono::duration<double>(*next - now).count();
    CHECK(delay >= 0);
    sum += delay;
    below_median += delay < 20.794; // 30 s * ln 2
    // More of it does not change the time.
    x.gossip.receive(1, {ipv4(static_cast<unsigned>(count + i))}, now, wall, false);
    CHECK(x.gossip.next_due() == next);
    if (*next > now)
      CHECK(x.gossip.due(*next - 1ns).empty());
    CHECK(x.gossip.due(*next).size() == 1);
    CHECK(!x.gossip.next_due());
    now = *next;
  }
  CHECK(sum / count > 28);
  CHECK(sum / count < 32);
  CHECK(below_median > count * 0.46);
  CHECK(below_median < count * 0.54);
}

TEST_CASE("a peer that leaves takes its queue along") {
  network x{2};
  x.tell(1, {ipv4(1)});
  CHECK(x.gossip.next_due());
  x.gossip.peer_left(2);
  x.gossip.peer_left(2);
  CHECK(!x.gossip.next_due());
  CHECK(x.gossip.due(start + 10h).empty());
  x.tell(1, {ipv4(2)});
  CHECK(!x.gossip.next_due());
  CHECK(x.gossip.peers() == 1);
  CHECK(x.gossip.counts(2).processed == 0);
}

TEST_CASE("whatever happens, no peer hears what it knows or cannot understand") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    random_source source{seed};
    address_gossip gossip{source, false};
    std::mt19937_64 random{seed};
    struct model {
      bool addrv2, takes;
      std::set<bytes> knows;
    };
    std::map<peer_id, model> here;
    std::set<bytes> news;
    std::size_t sent = 0;
    auto now = start;
    const auto check_due = [&] {
      for (const auto& batch : gossip.due(now)) {
        REQUIRE(here.count(batch.peer) == 1);
        auto& peer = here[batch.peer];
        CHECK(peer.takes);
        CHECK(batch.entries.size() - 1 < 1'000);
        for (const auto& entry : batch.entries) {
          CHECK(peer.knows.insert(entry.bytes).second);
          CHECK(news.count(entry.bytes) == 1);
          CHECK((peer.addrv2 || entry.network_id == wire::ipv4_network));
          ++sent;
        }
      }
      CHECK(gossip.next_due().value_or(time_point::max()) > now);
    };
    for (int step = 0; step < 3'000; ++step) {
      const peer_id peer = 1 + random() % 12;
      switch (random() % 12) {
      case 0: {
        const bool addrv2 = random() % 2, takes = random() % 4 != 0;
        gossip.peer_joined(peer, addrv2, takes, now);
        here.try_emplace(peer, model{addrv2, takes, {}});
        if (takes)
          here[peer].takes = true; // joined again
        break;
      }
      case 1:
        if (random() % 4 == 0) {
          gossip.peer_left(peer);
          here.erase(peer);
        }
        break;
      case 2: gossip.asked(peer, now); break;
      case 3:
      case 4:
        now += std::chrono::milliseconds(random() % 30'000);
        check_due();
        break;
      default: {
        std::vector<wire::network_address> entries;
        for (auto left = random() % 14; left > 0; --left) {
          auto number = static_cast<unsigned>(random() % 300);
          entries.push_back(random() % 3 == 0 ? tor(number) : ipv4(number));
        }
        const bool solicited = random() % 5 == 0;
        const auto count = entries.size();
        auto told = gossip.receive(peer, std::move(entries), now, wall, solicited);
        CHECK(total(told) == count);
        if (here.count(peer) == 0) {
          CHECK(told.entries.empty());
          break;
        }
        for (const auto& entry : told.entries) {
          here[peer].knows.insert(entry.bytes);
          if (!solicited && count <= 10)
            news.insert(entry.bytes);
        }
      }
      }
    }
    now += 10h;
    check_due();
    CHECK(sent > 100);
    CHECK(!gossip.next_due());
    CHECK(gossip.peers() == here.size());
  }
}

// -- getaddr_cache ----------------------------------------------------------------

namespace {

struct book {
  int asked = 0;
  std::size_t size = 5;
  getaddr_cache::sampler sampler = [this](std::size_t count, unsigned percent) {
    CHECK(count == 1'000);
    CHECK(percent == 23);
    ++asked;
    std::vector<wire::network_address> result;
    for (unsigned i = 0; i < size; ++i)
      result.push_back(ipv4(static_cast<unsigned>(asked) * 1'000 + i));
    return result;
  };
};

getaddr_cache::place place(std::uint16_t port, std::uint8_t network = 1) {
  return {ipv4_endpoint(1, 2, 3, 4, port), network};
}

} // namespace

TEST_CASE("all questions at one place get one sample, for 21 to 27 hours") {
  random_source random{6};
  std::chrono::nanoseconds least = 1'000h, most = 0h;
  for (int run = 0; run < 300; ++run) {
    getaddr_cache samples{random};
    book some;
    auto first = samples.answer(start, place(1), some.sampler);
    CHECK(first.size() == 5);
    auto now = start;
    while (samples.answer(now, place(1), some.sampler) == first)
      now += 5min;
    least = std::min<std::chrono::nanoseconds>(least, now - start);
    most = std::max<std::chrono::nanoseconds>(most, now - start);
    CHECK(some.asked == 2);
  }
  CHECK(least >= 21h);
  CHECK(least < 21h + 15min);
  CHECK(most > 27h - 15min);
  CHECK(most <= 27h + 5min);
}

TEST_CASE("other places get other samples") {
  random_source random{6};
  getaddr_cache samples{random};
  book some;
  auto here = samples.answer(start, place(1, 1), some.sampler);
  CHECK(samples.answer(start, place(2, 1), some.sampler) != here);
  CHECK(samples.answer(start, place(1, 2), some.sampler) != here);
  CHECK(samples.answer(start, place(1, 1), some.sampler) == here);
  CHECK(some.asked == 3);
}

TEST_CASE("an empty sample is not kept, a large one is cut") {
  random_source random{6};
  getaddr_cache samples{random};
  book some;
  some.size = 0;
  CHECK(samples.answer(start, place(1), some.sampler).empty());
  CHECK(samples.size() == 0);
  some.size = 1'001;
  CHECK(samples.answer(start, place(1), some.sampler).size() == 1'000);
  CHECK(samples.answer(start, place(1), some.sampler).size() == 1'000);
  CHECK(some.asked == 2);
}

TEST_CASE("the number of samples is bounded, and fresh ones cannot be forced") {
  random_source random{6};
  getaddr_cache samples{random};
  book some;
  for (std::uint16_t port = 1; port <= 200; ++port)
    CHECK(samples.answer(start, place(port), some.sampler).empty() == (port > 32));
  CHECK(samples.size() == 32);
  CHECK(some.asked == 32);
  CHECK(samples.answer(start, place(1), some.sampler).size() == 5);
  CHECK(some.asked == 32);
  // A day later all of them are old.
  CHECK(samples.answer(start + 27h, place(200), some.sampler).size() == 5);
  CHECK(samples.size() == 1);
}
