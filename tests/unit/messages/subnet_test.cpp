// SPDX-License-Identifier: MIT
#include "messages/subnet.hpp"
#include "tests/support/endpoints.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <random>

using namespace peerage;
using namespace peerage::test;

namespace {

std::optional<subnet> parse(std::string_view text) {
  subnet result;
  return parse_subnet(text, result) ? std::optional{result} : std::nullopt;
}

std::string canonical(std::string_view text) {
  auto read = parse(text);
  return read ? to_string(*read) : "none";
}

} // namespace

TEST_CASE("subnets are read and written in canonical form") {
  CHECK(canonical("1.2.3.4") == "1.2.3.4/32");
  CHECK(canonical("1.2.3.4/24") == "1.2.3.0/24");
  CHECK(canonical("255.255.255.255/0") == "0.0.0.0/0");
  CHECK(canonical("2001:db8:ffff::1/33") == "2001:db8:8000::/33");
  CHECK(canonical("::/0") == "::/0");
  CHECK(canonical("::ffff:1.2.3.4/24") == "1.2.3.0/24");
  CHECK(canonical("1.2.3.4/255.255.0.0") == "1.2.0.0/16");
  CHECK(canonical("1.2.3.4/0.0.0.0") == "0.0.0.0/0");
  CHECK(canonical("2001:db8:ffff::1/ffff:ffff:8000::") == "2001:db8:8000::/33");
  for (auto text : {"", "/24", "1.2.3.4/", "1.2.3.4/33", "1.2.3.4/-1", "1.2.3.4/2x",
                    "::1/129", "1.2.3.4:8333", "1.2.3.4/255.0.255.0",
                    "1.2.3.4/ffff::", "::1/255.0.0.0", "1.2.3.4/255.255.0.0:1",
                    "1.2.3.4:8333/32", "[::1]/64", "1.2.3/24", "1.2.3.4/24/1"})
    CHECK_MESSAGE(!parse(text), text);
}

TEST_CASE("a mapped range counts its length in either family") {
  CHECK(canonical("::ffff:10.0.0.0/104") == "10.0.0.0/8");
  CHECK(canonical("::ffff:10.0.0.0/8") == "10.0.0.0/8");
  CHECK(canonical("::ffff:a00:0/104") == "10.0.0.0/8");
  CHECK(canonical("::ffff:0:0/96") == "0.0.0.0/0");
  CHECK(canonical("::ffff:1.2.3.4/128") == "1.2.3.4/32");
  CHECK(canonical("::ffff:1.2.3.4/ffff:ffff:ffff:ffff:ffff:ffff:ffff:0") == "1.2.0.0/16");
  CHECK(canonical("::ffff:1.2.3.4/255.255.0.0") == "1.2.0.0/16");
  for (auto text : {"::ffff:1.2.3.4/33", "::ffff:1.2.3.4/95", "::ffff:1.2.3.4/129",
                    "::ffff:1.2.3.4/ffff::", "1.2.3.4/104", "1.2.3.4/128"})
    CHECK_MESSAGE(!parse(text), text);
}

TEST_CASE("a range of one family contains nothing of the other") {
  const auto everything = *parse("::/0");
  CHECK(everything.contains(at("2001:db8::1")));
  CHECK(everything.contains(at("::1")));
  CHECK(everything.contains(*parse("::/1")));
  for (auto text : {"::/0", "::/64", "::/80", "::/95", "::fffe:0:0/95", "8000::/1"}) {
    CAPTURE(text);
    const auto ipv6 = *parse(text);
    for (auto ipv4 : {"0.0.0.0/0", "1.2.3.4", "127.0.0.0/8", "255.255.255.255"}) {
      CAPTURE(ipv4);
      CHECK_FALSE(ipv6.contains(*parse(ipv4)));
      CHECK_FALSE(ipv6.contains(parse(ipv4)->first()));
      CHECK_FALSE(parse(ipv4)->contains(ipv6));
      CHECK_FALSE(parse(ipv4)->contains(ipv6.first()));
    }
  }
  const auto all_ipv4 = *parse("0.0.0.0/0");
  CHECK(all_ipv4.contains(at("::ffff:1.2.3.4")));
  CHECK(all_ipv4.contains(*parse("::ffff:10.0.0.0/104")));
  CHECK_FALSE(all_ipv4.contains(at("::1.2.3.4")));
}

TEST_CASE("I13: an IPv4-mapped address is in the range of its IPv4 address") {
  auto range = *parse("1.2.3.0/24");
  CHECK(range.contains(at("1.2.3.255")));
  CHECK(range.contains(at("::ffff:1.2.3.7")));
  CHECK_FALSE(range.contains(at("1.2.4.0")));
  CHECK_FALSE(range.contains(at("2001:db8::1")));
  CHECK(range.contains(*parse("1.2.3.128/25")));
  CHECK_FALSE(range.contains(*parse("1.2.0.0/16")));
}

TEST_CASE("subnets and groups") {
  CHECK(to_string(cap_subnet_of(at("1.2.3.4"))) == "1.2.3.0/24");
  CHECK(to_string(cap_subnet_of(at("2a00:1:2:3:4::5"))) == "2a00:1:2:3::/64");
  CHECK(to_string(address_group_of(at("1.2.3.4"))) == "1.2.0.0/16");
  CHECK(to_string(address_group_of(at("2a00:1:2:3:4::5"))) == "2a00:1::/32");
  CHECK(to_string(host_of(at("1.2.3.4"))) == "1.2.3.4/32");
}

TEST_CASE("a range contains an address exactly if their leading bits agree") {
  std::mt19937_64 random{5};
  for (int i = 0; i < 2'000; ++i) {
    endpoint a;
    for (auto& byte : a.ip)
      byte = static_cast<std::uint8_t>(random());
    auto length = static_cast<std::uint8_t>(random() % 129);
    auto range = subnet_of(a, length);
    auto bit = random() % 128;
    auto b = a;
    b.ip[bit / 8] ^= static_cast<std::uint8_t>(0x80 >> (bit % 8));
    CHECK(range.contains(a));
    CHECK(range.contains(b) == (bit >= length));
  }
}

TEST_CASE("only addresses of the public network are routable") {
  for (auto text : {"1.2.3.4", "8.8.8.8", "100.63.255.255", "172.32.0.1", "198.20.0.1",
                    "223.1.1.1", "2a00:1450::1", "2001:4860::8888"})
    CHECK_MESSAGE(is_routable(at(text)), text);
  for (auto text :
       {"0.1.2.3",    "10.1.1.1",          "100.64.0.1",  "127.0.0.1",   "169.254.1.1",
        "172.16.0.1", "192.0.2.1",         "192.168.1.1", "198.18.0.1",  "203.0.113.5",
        "224.0.0.1",  "255.255.255.255",   "::",          "::1",         "fe80::1",
        "fc00::1",    "fd87:d87e:eb43::1", "ff02::1",     "2001:db8::1", "2001::1",
        "2002:1::1",  "::ffff:10.0.0.1"})
    CHECK_MESSAGE(!is_routable(at(text)), text);
  CHECK_FALSE(is_routable(at("1.2.3.4").with_port(0)));
}
