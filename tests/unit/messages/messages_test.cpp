// SPDX-License-Identifier: MIT
#include "messages/endpoint.hpp"
#include "messages/lifecycle.hpp"
#include "messages/requests.hpp"
#include "messages/snapshots.hpp"
#include "messages/subnet.hpp"

#include <caf/exit_reason.hpp>
#include <caf/sec.hpp>
#include <doctest/doctest.h>
#include <net/if.h>

#include <algorithm>
#include <functional>
#include <set>

using namespace peerage;

namespace {

std::optional<endpoint> parse(std::string_view text, std::uint16_t default_port = 0) {
  endpoint result{{1, 2, 3}, 4};
  if (parse_endpoint(text, default_port, result))
    return result;
  CHECK(result == endpoint{{1, 2, 3}, 4}); // untouched by a failure
  return std::nullopt;
}

bool is_snake_case(std::string_view text) {
  return !text.empty() && text.front() != '_' && text.back() != '_' &&
         std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

/// Every value of an enumeration has a name of its own, fit to be a label.
template <class Enum>
void check_names(std::size_t first, std::size_t last) {
  std::set<std::string_view> seen;
  for (auto i = first; i <= last; ++i) {
    auto name = to_string(static_cast<Enum>(i));
    CAPTURE(i);
    CHECK(is_snake_case(name));
    CHECK(seen.insert(name).second);
  }
}

} // namespace

// -- endpoint --------------------------------------------------------------------------

TEST_CASE("an address has one form, however it was written (I13)") {
  struct sample {
    std::string_view text, printed;
  };
  for (const auto& x : {
         sample{"1.2.3.4:8333", "1.2.3.4:8333"},
         sample{"[::ffff:1.2.3.4]:8333", "1.2.3.4:8333"},
         sample{"[::ffff:102:304]:8333", "1.2.3.4:8333"},
         sample{"[0:0:0:0:0:FFFF:0102:0304]:8333", "1.2.3.4:8333"},
         sample{"[2001:DB8:0:0::1]:65535", "[2001:db8::1]:65535"},
         sample{"[::1]:1", "[::1]:1"},
         sample{"[::]:0", "[::]:0"},
         sample{"0.0.0.0:0", "0.0.0.0:0"},
         sample{"255.255.255.255:65535", "255.255.255.255:65535"},
       }) {
    CAPTURE(x.text);
    auto read = parse(x.text);
    REQUIRE(read);
    CHECK(to_string(*read) == x.printed);
    CHECK(parse(to_string(*read)) == read);
    CHECK(std::hash<endpoint>{}(*read) == std::hash<endpoint>{}(*parse(x.printed)));
  }
  CHECK(parse("1.2.3.4:8333") == ipv4_endpoint(1, 2, 3, 4, 8333));
  // As it comes in a message.
  wire::socket_address mapped{
    1, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4}, 5};
  CHECK(to_endpoint(mapped) == ipv4_endpoint(1, 2, 3, 4, 5));
}

TEST_CASE("an address alone takes the default port, if there is one") {
  CHECK(parse("1.2.3.4", 18'444) == ipv4_endpoint(1, 2, 3, 4, 18'444));
  CHECK(parse("1.2.3.4:5", 18'444) == ipv4_endpoint(1, 2, 3, 4, 5));
  CHECK(parse("::ffff:1.2.3.4", 9) == ipv4_endpoint(1, 2, 3, 4, 9));
  CHECK(to_string(*parse("2001:db8::1", 7)) == "[2001:db8::1]:7");
  CHECK(to_string(*parse("[2001:db8::1]", 7)) == "[2001:db8::1]:7");
  CHECK_FALSE(parse("1.2.3.4"));
  CHECK_FALSE(parse("2001:db8::1"));
  CHECK_FALSE(parse("[2001:db8::1]"));
}

TEST_CASE("what is no endpoint is refused") {
  for (std::string_view text : {"",
                                ":",
                                ":1",
                                "1.2.3.4:",
                                "1.2.3.4:65536",
                                "1.2.3.4:99999999999",
                                "1.2.3.4:-1",
                                "1.2.3.4:+1",
                                "1.2.3.4: 1",
                                "1.2.3.4:1 ",
                                " 1.2.3.4:1",
                                "1.2.3:1",
                                "1.2.3.4.5:1",
                                "256.1.1.1:1",
                                "01.2.3.4:1",
                                "1.2.3.4:0x1",
                                "localhost:1",
                                "example.org:8333",
                                "[",
                                "[]",
                                "[]:1",
                                "[::1",
                                "[::1]1",
                                "[::1]:",
                                "[::1]:x",
                                "[[::1]]:1",
                                "[fe80::1%]:1",
                                "[fe80::1%nosuchlink0]:1",
                                "[fe80::1%4294967295]:1",
                                "[fe80::1%0]:1",
                                "[fe80::1%1x]:1",
                                "[fe80::1%lo%lo]:1",
                                "[2001:db8::1%lo]:1",
                                "[::1%lo]:1",
                                "[::ffff:169.254.0.1%lo]:1",
                                "169.254.0.1%lo:1",
                                "[%lo]:1",
                                "::1]:1",
                                "1.2.3.4]:1"}) {
    CAPTURE(text);
    CHECK_FALSE(parse(text, 8333));
  }
  // Zero bytes end a C string, but not a text.
  using namespace std::string_view_literals;
  CHECK_FALSE(parse("1.2.3.4\0x:1"sv, 8333));
  CHECK_FALSE(parse("1.2.3.4\0"sv, 8333));
  CHECK_FALSE(parse("[::1\0]:1"sv, 8333));
  CHECK_FALSE(parse("1.2.3.4:1\0"sv, 8333));
}

TEST_CASE("a zone is a part of a link-local endpoint") {
  const auto lo = if_nametoindex("lo");
  REQUIRE(lo != 0);
  const auto plain = parse("[fe80::1]:8333");
  const auto zoned = parse("[fe80::1%lo]:8333");
  REQUIRE(plain);
  REQUIRE(zoned);
  CHECK(zoned->is_link_local());
  CHECK(zoned->zone == lo);
  CHECK(plain->zone == 0);
  CHECK(*plain != *zoned);
  CHECK(std::hash<endpoint>{}(*plain) != std::hash<endpoint>{}(*zoned));
  CHECK(to_string(*zoned) == "[fe80::1%lo]:8333");
  CHECK(ip_to_string(*zoned) == "fe80::1%lo");
  CHECK(parse("[fe80::1%" + std::to_string(lo) + "]:8333") == zoned);
  CHECK(parse("fe80::1%lo", 8333) == zoned);
  CHECK(parse("[febf::1%lo]:1"));
  CHECK(zoned->with_port(7) == parse("[fe80::1%lo]:7"));
  CHECK_FALSE(parse("[fec0::1]:1")->is_link_local());
  CHECK_FALSE(parse("169.254.0.1:1")->is_link_local());

  subnet range;
  REQUIRE(parse_subnet("fe80::1%lo/64", range));
  CHECK(to_string(range) == "fe80::%lo/64");
  CHECK(range.contains(*zoned));
  CHECK_FALSE(range.contains(*plain));
  REQUIRE(parse_subnet("fe80::/64", range));
  CHECK(range.contains(*zoned));
  CHECK_FALSE(parse_subnet("fe80::1%lo/9", range)); // not link-local alone any more
  CHECK_FALSE(parse_subnet("2001:db8::%lo/64", range));
}

TEST_CASE("what is wrong with a zone is said") {
  CHECK(zone_problem("[2001:db8::1%lo]:1").find("link-local") != std::string::npos);
  CHECK(zone_problem("10.0.0.1%lo").find("link-local") != std::string::npos);
  for (auto text :
       {"fe80::1%nosuchlink0", "[fe80::1%nosuchlink0]:1", "fe80::%nosuchlink0/64"})
    CHECK(zone_problem(text) == "this machine has no interface 'nosuchlink0'");
  for (auto text : {"", "%", "x%lo", "[fe80::1%lo]:1", "fe80::1", "1.2.3.4:x"})
    CHECK(zone_problem(text).empty());
}

TEST_CASE("loopback and IPv4 are known in both families") {
  CHECK(parse("127.0.0.1:1")->is_loopback());
  CHECK(parse("127.255.0.9:1")->is_loopback());
  CHECK(parse("[::ffff:127.0.0.1]:1")->is_loopback());
  CHECK(parse("[::1]:1")->is_loopback());
  CHECK_FALSE(parse("128.0.0.1:1")->is_loopback());
  CHECK_FALSE(parse("[::2]:1")->is_loopback());
  CHECK_FALSE(parse("[1::1]:1")->is_loopback());
  CHECK_FALSE(parse("[::]:1")->is_loopback());
  CHECK(parse("[::ffff:9.9.9.9]:1")->is_ipv4());
  CHECK_FALSE(parse("[::9.9.9.9]:1")->is_ipv4());
  CHECK(parse("[::1]:1")->with_port(2) == parse("[::1]:2"));
  CHECK(ip_to_string(*parse("[::1]:1")) == "::1");
}

// -- names -----------------------------------------------------------------------------

TEST_CASE("every enumeration has complete names") {
  check_names<peer_exit>(1, peer_exit_count);
  check_names<ignored>(0, ignored_count - 1);
  check_names<request_error>(1, static_cast<std::size_t>(request_error::shutting_down));
  check_names<peer_direction>(0, 1);
  check_names<wire::command>(0, wire::command_count - 1);
  CHECK(to_string(peer_exit::client_dropped) == "client_dropped");
  CHECK(to_string(peer_exit::ping_timeout) == "ping_timeout");
  CHECK(to_string(peer_exit::internal_error) == "internal_error");
  CHECK(to_string(ignored::before_version) == "before_version");
  CHECK(to_string(ignored::service_failure) == "service_failure");
  CHECK(to_string(request_error::not_found) == "not_found");
  CHECK(to_string(request_error::shutting_down) == "shutting_down");
  // Out of another process any number may come.
  CHECK(to_string(static_cast<peer_exit>(200)) == "internal_error");
}

// -- reasons and errors ----------------------------------------------------------------

TEST_CASE("a peer's reason survives as the exit reason of its actors") {
  for (std::size_t i = 1; i <= peer_exit_count; ++i) {
    auto x = static_cast<peer_exit>(i);
    CHECK(exit_of(caf::make_error(x)) == x);
    CHECK(exit_of(caf::error{x}) == x);
  }
  CHECK(exit_of(caf::exit_reason::unreachable) == peer_exit::client_dropped);
  CHECK(exit_of(caf::exit_reason::user_shutdown) == peer_exit::shutting_down);
  CHECK(exit_of(caf::exit_reason::kill) == peer_exit::internal_error);
  CHECK(exit_of(caf::error{}) == peer_exit::internal_error);
  CHECK(exit_of(caf::sec::runtime_error) == peer_exit::internal_error);
  CHECK(exit_of(caf::make_error(request_error::timeout)) == peer_exit::internal_error);
  CHECK(exit_of(caf::error{200, caf::atom("peer_exit")}) == peer_exit::internal_error);
  CHECK(exit_of(caf::error{0, caf::atom("peer_exit")}) == peer_exit::internal_error);
}

TEST_CASE("what a request gets when its peer ends") {
  for (std::size_t i = 1; i <= peer_exit_count; ++i) {
    auto reason = static_cast<peer_exit>(i);
    CAPTURE(to_string(reason));
    auto failure = request_error_for(reason);
    CHECK(failure);
    switch (reason) {
    case peer_exit::client_dropped:
      CHECK(outcome_of(failure) == request_error::cancelled);
      break;
    case peer_exit::shutting_down:
      CHECK(outcome_of(failure) == request_error::shutting_down);
      break;
    default:
      CHECK(outcome_of(failure) == request_error::peer_gone);
      CHECK(exit_of_request(failure) == reason);
    }
  }
}

TEST_CASE("the outcome of every failed request") {
  for (std::size_t i = 1; i <= static_cast<std::size_t>(request_error::shutting_down);
       ++i) {
    auto x = static_cast<request_error>(i);
    CHECK(outcome_of(caf::make_error(x)) == x);
    CHECK(exit_of_request(caf::make_error(x)) == peer_exit::internal_error);
  }
  CHECK(outcome_of(caf::sec::request_timeout) == request_error::timeout);
  CHECK(outcome_of(caf::sec::request_receiver_down) == request_error::peer_gone);
  CHECK(outcome_of(caf::sec::runtime_error) == request_error::peer_gone);
  CHECK(outcome_of(caf::error{99, caf::atom("request")}) == request_error::peer_gone);
  CHECK(exit_of_request(caf::sec::request_receiver_down) == peer_exit::internal_error);
  CHECK(exit_of_request(caf::error{}) == peer_exit::internal_error);
}

// -- what people see -------------------------------------------------------------------

TEST_CASE("a user agent is sanitised before people see it") {
  CHECK(sanitised("/Satoshi:27.0.0(a-b_c, d; e?f@g)/") ==
        "/Satoshi:27.0.0(a-b_c, d; e?f@g)/");
  CHECK(sanitised("<script>\"'&\\%\x1b[31m\n\r\t") == "script31m");
  CHECK(sanitised(std::string("a\0b", 3)) == "ab");
  CHECK(sanitised("\xff\xc3\xa4z") == "z");
  std::string all;
  for (int i = 0; i < 256; ++i)
    all += static_cast<char>(i);
  CHECK(sanitised(all) == " (),-./0123456789:;?@ABCDEFGHIJKLMNOPQRSTUVWXYZ_"
                          "abcdefghijklmnopqrstuvwxyz");
}

TEST_CASE("snapshots become JSON whatever the remote put into them") {
  peer_snapshots peers;
  peers.entries.resize(1);
  auto& peer = peers.entries.front();
  peer.info.id = 7;
  peer.info.remote = ipv4_endpoint(1, 2, 3, 4, 8333);
  peer.info.direction = peer_direction::outbound;
  peer.info.user_agent = "/x\xff\x80\"/";
  peer.info.services = ~std::uint64_t{0};
  peer.traffic.ignored[static_cast<std::size_t>(ignored::odd_pong)] = 3;
  peer.last_ping = std::chrono::milliseconds(250);
  auto json = to_json(peers);
  REQUIRE_NOTHROW(json.dump()); // throws on text that is not UTF-8
  CHECK(json[0]["id"] == 7);
  CHECK(json[0]["address"] == "1.2.3.4:8333");
  CHECK(json[0]["direction"] == "outbound");
  CHECK(json[0]["user_agent"] == "/x/");
  CHECK(json[0]["services"] == ~std::uint64_t{0});
  CHECK(json[0]["ignored"].dump() == R"({"odd_pong":3})");
  CHECK(json[0]["ping"] == 0.25);
  CHECK(json[0]["lowest_ping"].is_null());

  node_snapshot node;
  node.network = "regtest";
  node.peers.total = 3;
  node.peers.ready = 1;
  node.peers.unready = 2;
  node.failures[static_cast<std::size_t>(peer_exit::connect_timeout)] = 4;
  auto status = to_json(node);
  CHECK(status["network"] == "regtest");
  CHECK(status["peers"]["total"] == 3);
  CHECK(status["peers"]["unready"] == 2);
  CHECK(status["failures"].dump() == R"({"connect_timeout":4})");
  CHECK(status["exits"].dump() == "{}");
}
