// SPDX-License-Identifier: MIT
#include "actors/admission/connection_caps.hpp"
#include "tests/support/endpoints.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

using namespace peerage;
using namespace peerage::test;

namespace {

using refusal = std::optional<cap_refusal>;
constexpr refusal none;

} // namespace

TEST_CASE("one connection per address, two per subnet, and a total") {
  connection_caps caps{{.total = 4}};
  CHECK(caps.try_take(at("1.2.3.4:1")) == none);
  CHECK(caps.try_take(at("1.2.3.4:2")) == cap_refusal::per_ip);
  CHECK(caps.try_take(at("1.2.3.5:1")) == none);
  CHECK(caps.try_take(at("1.2.3.255:1")) == cap_refusal::per_subnet);
  CHECK(caps.try_take(at("1.2.4.0:1")) == none);
  CHECK(caps.try_take(at("1.2.2.255:1")) == none);
  CHECK(caps.try_take(at("9.9.9.9:1")) == cap_refusal::total);
  CHECK(caps.size() == 4);
  CHECK(caps.with_ip_of(at("1.2.3.4:77")) == 1);
  CHECK(caps.in_subnet_of(at("1.2.3.77:77")) == 2);
}

TEST_CASE("IPv6 subnets are /64s, and do not mix with IPv4's") {
  connection_caps caps{{}};
  CHECK(caps.try_take(at("[2a00:1:2:3::1]:1")) == none);
  CHECK(caps.try_take(at("[2a00:1:2:3::1]:2")) == cap_refusal::per_ip);
  CHECK(caps.try_take(at("[2a00:1:2:3:ffff::1]:1")) == none);
  CHECK(caps.try_take(at("[2a00:1:2:3:8000::1]:1")) == cap_refusal::per_subnet);
  CHECK(caps.try_take(at("[2a00:1:2:4::1]:1")) == none);
  for (int i = 0; i < 9; ++i)
    CHECK(caps.try_take(ipv4_endpoint(1, 2, static_cast<std::uint8_t>(i), 3, 1)) == none);
}

TEST_CASE("I13: an IPv4-mapped address takes the slot of its IPv4 address") {
  connection_caps caps{{}};
  CHECK(caps.try_take(at("1.2.3.4:1")) == none);
  CHECK(caps.try_take(at("[::ffff:1.2.3.4]:2")) == cap_refusal::per_ip);
  CHECK(caps.try_take(at("[::ffff:1.2.3.5]:1")) == none);
  CHECK(caps.would_refuse(at("1.2.3.6:1")) == cap_refusal::per_subnet);
  CHECK(caps.release(at("[::ffff:1.2.3.4]:1")));
  CHECK(caps.would_refuse(at("1.2.3.4:2")) == none);
}

TEST_CASE("only a refusal for the total alone is worth an eviction") {
  connection_caps caps{{.total = 2}};
  CHECK(caps.try_take(at("1.2.3.4:1")) == none);
  CHECK(caps.try_take(at("1.2.3.5:1")) == none);
  CHECK(caps.would_refuse(at("1.2.3.4:2")) == cap_refusal::per_ip);
  CHECK(caps.would_refuse(at("1.2.3.6:1")) == cap_refusal::per_subnet);
  CHECK(caps.would_refuse(at("9.9.9.9:1")) == cap_refusal::total);
}

TEST_CASE("exempt loopback counts in the total only") {
  connection_caps caps{{.total = 3, .loopback_exempt = true}};
  CHECK(caps.try_take(at("127.0.0.1:1")) == none);
  CHECK(caps.try_take(at("127.0.0.1:2")) == none);
  CHECK(caps.try_take(at("[::1]:1")) == none);
  CHECK(caps.try_take(at("127.0.0.1:3")) == cap_refusal::total);
  connection_caps strict{{}};
  CHECK(strict.try_take(at("127.0.0.1:1")) == none);
  CHECK(strict.try_take(at("127.0.0.1:2")) == cap_refusal::per_ip);
}

TEST_CASE("what was not taken cannot be released") {
  connection_caps caps{{.per_ip = 2}};
  CHECK_FALSE(caps.release(at("1.2.3.4:1")));
  CHECK(caps.try_take(at("1.2.3.4:1")) == none);
  CHECK(caps.try_take(at("1.2.3.4:2")) == none);
  CHECK_FALSE(caps.release(at("1.2.3.4:3")));
  CHECK_FALSE(caps.release(at("1.2.3.5:1")));
  CHECK(caps.release(at("1.2.3.4:1")));
  CHECK_FALSE(caps.release(at("1.2.3.4:1")));
  CHECK(caps.size() == 1);
  CHECK(caps.with_ip_of(at("1.2.3.4:2")) == 1);
}

TEST_CASE("limits of zero let none in") {
  connection_caps shut{{.total = 0}};
  CHECK(shut.try_take(at("1.2.3.4:1")) == cap_refusal::total);
  connection_caps nobody{{.per_ip = 0}};
  CHECK(nobody.try_take(at("1.2.3.4:1")) == cap_refusal::per_ip);
}

TEST_CASE("any sequence of takes and releases agrees with a list that is searched") {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random{seed};
    auto below = [&](std::uint64_t bound) { return random() % bound; };
    connection_limits limits{.total = 10 + below(20),
                             .per_ip = below(4),
                             .per_subnet = below(6),
                             .loopback_exempt = below(2) == 0};
    connection_caps caps{limits};
    std::vector<endpoint> model;
    auto some_endpoint = [&] {
      auto port = static_cast<std::uint16_t>(1 + below(4));
      auto small = [&] { return static_cast<std::uint8_t>(below(3)); };
      if (below(4) == 0)
        return ipv4_endpoint(127, 0, 0, 1, port);
      if (below(2) == 0)
        return ipv4_endpoint(8, 8, small(), small(), port);
      endpoint ipv6{{0x2a}, port};
      ipv6.ip[7] = small();
      ipv6.ip[8] = small();
      return ipv6;
    };
    for (int step = 0; step < 1'000; ++step) {
      auto x = some_endpoint();
      auto same_ip = static_cast<std::size_t>(
        std::ranges::count_if(model, [&](auto& y) { return y.ip == x.ip; }));
      auto near_by = static_cast<std::size_t>(std::ranges::count_if(
        model, [&](auto& y) { return cap_subnet_of(y) == cap_subnet_of(x); }));
      if (below(2) == 0) {
        auto exempt = limits.loopback_exempt && x.is_loopback();
        refusal expected;
        if (!exempt && same_ip >= limits.per_ip)
          expected = cap_refusal::per_ip;
        else if (!exempt && near_by >= limits.per_subnet)
          expected = cap_refusal::per_subnet;
        else if (model.size() >= limits.total)
          expected = cap_refusal::total;
        CHECK(caps.would_refuse(x) == expected);
        CHECK(caps.try_take(x) == expected);
        if (!expected)
          model.push_back(x);
      } else {
        auto found = std::ranges::find(model, x);
        CHECK(caps.release(x) == (found != model.end()));
        if (found != model.end())
          model.erase(found);
      }
      CHECK(caps.size() == model.size());
      x = some_endpoint();
      CHECK(caps.with_ip_of(x) == static_cast<std::size_t>(std::ranges::count_if(
                                    model, [&](auto& y) { return y.ip == x.ip; })));
    }
    for (const auto& x : model)
      CHECK(caps.release(x));
    CHECK(caps.size() == 0);
    CHECK(caps.in_subnet_of(at("8.8.1.1:1")) == 0);
  }
}
