// SPDX-License-Identifier: MIT
#include "messages/dial_reach.hpp"
#include "messages/subnet.hpp"
#include "tests/support/endpoints.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace peerage;
using namespace peerage::test;

TEST_CASE("what stays at home, what is public, and what is nobody") {
  using enum dial_reach;
  struct row {
    std::string_view text;
    bool in_loopback, in_home, in_everywhere;
  };
  for (const auto& x : std::vector<row>{{"127.0.0.1", true, true, true},
                                        {"127.255.255.254", true, true, true},
                                        {"[::1]", true, true, true},
                                        {"[::ffff:127.0.0.1]", true, true, true},
                                        {"10.0.0.0", false, true, true},
                                        {"10.255.255.255", false, true, true},
                                        {"172.16.0.1", false, true, true},
                                        {"172.31.255.255", false, true, true},
                                        {"192.168.0.1", false, true, true},
                                        {"169.254.1.1", false, true, true},
                                        {"100.64.0.1", false, true, true},
                                        {"198.19.255.255", false, true, true},
                                        {"[fc00::1]", false, true, true},
                                        {"[fdff::1]", false, true, true},
                                        {"[fe80::1]", false, true, true},
                                        {"8.8.8.8", false, false, true},
                                        {"126.255.255.255", false, false, true},
                                        {"128.0.0.1", false, false, true},
                                        {"11.0.0.1", false, false, true},
                                        {"172.32.0.1", false, false, true},
                                        {"192.169.0.1", false, false, true},
                                        {"100.128.0.1", false, false, true},
                                        {"198.20.0.1", false, false, true},
                                        {"192.0.2.1", false, false, true},
                                        {"203.0.113.1", false, false, true},
                                        {"[2001:db8::1]", false, false, true},
                                        {"[2002:7f00:1::1]", false, false, true},
                                        {"[64:ff9b::7f00:1]", false, false, true},
                                        {"[2a00::1]", false, false, true},
                                        {"[fe00::1]", false, false, true},
                                        {"0.0.0.0", false, false, false},
                                        {"0.1.2.3", false, false, false},
                                        {"224.0.0.1", false, false, false},
                                        {"239.255.255.255", false, false, false},
                                        {"240.0.0.1", false, false, false},
                                        {"255.255.255.255", false, false, false},
                                        {"[::]", false, false, false},
                                        {"[ff02::1]", false, false, false},
                                        {"[::ffff:224.0.0.1]", false, false, false}}) {
    CAPTURE(x.text);
    const auto host = at(x.text);
    CHECK(is_within(loopback, host) == x.in_loopback);
    CHECK(is_within(home, host) == x.in_home);
    CHECK(is_within(everywhere, host) == x.in_everywhere);
    CHECK(names_host(host) == x.in_everywhere);
    for (auto reach : {loopback, home, everywhere})
      CHECK(reach_problem(reach, host).empty() == is_within(reach, host));
    CHECK_FALSE(is_within(everywhere, host.with_port(0)));
  }
}

TEST_CASE("no address of home can be one of the public network") {
  std::mt19937_64 random{3};
  for (int i = 0; i < 100'000; ++i) {
    const auto ipv4_host = ipv4(random());
    CHECK_FALSE((is_within(dial_reach::home, ipv4_host) && is_routable(ipv4_host)));
    endpoint ipv6;
    for (auto& byte : ipv6.ip)
      byte = static_cast<std::uint8_t>(random());
    ipv6.port = 1;
    CHECK_FALSE((is_within(dial_reach::home, ipv6) && is_routable(ipv6)));
  }
}

TEST_CASE("the problem names the way out") {
  CHECK(reach_problem(dial_reach::home, at("8.8.8.8")).find("--allow-public") !=
        std::string_view::npos);
}
