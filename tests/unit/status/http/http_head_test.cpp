// SPDX-License-Identifier: MIT
#include "actors/status/http/http_head.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace peerage;

namespace {

constexpr std::uint64_t most = 1'000;

head_end::state end_of(std::string_view bytes) {
  return find_head_end(bytes).found;
}

/// 0: it is taken.
unsigned status_of(const std::string& fields,
                   const std::string& first = "POST / HTTP/1.1") {
  const auto bytes = first + "\r\n" + fields + "\r\n";
  REQUIRE(end_of(bytes) == head_end::state::complete);
  auto read = read_head(bytes);
  const auto* refusal = std::get_if<http_reply>(&read);
  if (refusal)
    CHECK(refusal->close);
  return refusal ? static_cast<unsigned>(refusal->status) : 0;
}

http_head head_of(const std::string& fields,
                  const std::string& first = "POST / HTTP/1.1") {
  auto read = read_head(first + "\r\n" + fields + "\r\n");
  REQUIRE(std::holds_alternative<http_head>(read));
  return std::get<http_head>(read);
}

struct decoding {
  body_decoder::state state = body_decoder::state::more;
  std::string body;
  std::string rest;
};

/// In parts of `step` bytes.
decoding decode(const http_head& head, std::string_view bytes, std::size_t step) {
  body_decoder decoder{head, most};
  decoding result;
  std::string_view none;
  result.state = decoder.decode(none, &result.body);
  while (result.state == body_decoder::state::more && !bytes.empty()) {
    auto part = bytes.substr(0, step);
    bytes.remove_prefix(part.size());
    result.state = decoder.decode(part, &result.body);
    result.rest = std::string(part) + std::string(bytes);
  }
  return result;
}

/// The state after `begin`, and `repeated` for ever; and how many bytes that took.
std::pair<body_decoder::state, std::size_t> endless(std::string_view begin,
                                                    std::string_view repeated) {
  body_decoder decoder{head_of("Transfer-Encoding: chunked\r\n"), most};
  std::string kept;
  std::size_t taken = begin.size();
  auto state = decoder.decode(begin, &kept);
  while (state == body_decoder::state::more && taken < 1'000'000) {
    auto part = repeated;
    state = decoder.decode(part, &kept);
    taken += repeated.size();
  }
  CHECK(kept.size() <= most);
  return {state, taken};
}

using state = body_decoder::state;

} // namespace

TEST_CASE("what is no HTTP is known before a line has come to its end") {
  CHECK(end_of("\x16\x03\x01\x02") == head_end::state::malformed);
  CHECK(end_of("GET / HTTP/1.1\n") == head_end::state::malformed);
  CHECK(end_of("GET / HTTP/1.1\r\nA: b\n") == head_end::state::malformed);
  CHECK(end_of("GET / HTTP/1.1\r\nA: b\rc") == head_end::state::malformed);
  CHECK(end_of(std::string_view("GET / HTTP/1.1\r\nA: \0", 20)) ==
        head_end::state::malformed);
  CHECK(end_of("GET /\tx") == head_end::state::malformed);
  for (std::string_view begin : {"", "\r", "\r\n", "GET", "GET / HTTP/1.1\r",
                                 "GET / HTTP/1.1\r\nA: b\r\n", "GET / HTTP/1.1\r\n\r"})
    CHECK(end_of(begin) == head_end::state::incomplete);
  const std::string whole = "\r\nGET / HTTP/1.1\r\nA: b\r\n\r\n";
  CHECK(find_head_end(whole + "body").size == whole.size());
}

TEST_CASE("first lines") {
  for (const auto* good :
       {"GET / HTTP/1.1", "GET / HTTP/1.0", "BREW /pot HTTP/1.1", "OPTIONS * HTTP/1.1",
        "GET /?a=%20 HTTP/1.1", "GET http://localhost/x HTTP/1.1", "GET / HTTP/1.2"})
    CHECK_MESSAGE(status_of("", good) == 0, good);
  for (const auto* bad :
       {"GET /", "GET", "GET  / HTTP/1.1", "GET / HTTP/1.1 ", " GET / HTTP/1.1",
        "G\"T / HTTP/1.1", "GET / HTTP/2.0", "PRI * HTTP/2.0", "GET / http/1.1",
        "GET / HTTP/1.10", "GET / HTTP/11", "GET /a b HTTP/1.1", "GET / HTTP/3.0"})
    CHECK_MESSAGE(status_of("", bad) == 400, bad);
}

TEST_CASE("a target with a host counts instead of the Host header") {
  auto head = head_of("Host: a\r\n", "GET HTTP://localhost:80/x?y HTTP/1.1");
  CHECK(head.request.target() == "/x?y");
  CHECK(head.authority == "localhost:80");
  CHECK(head_of("", "GET http://h?y HTTP/1.1").request.target() == "/?y");
  CHECK(!head_of("Host: a\r\n").authority);
}

TEST_CASE("header fields") {
  CHECK(status_of("A: b\r\nC:d\r\nE: \r\n") == 0);
  CHECK(head_of("A: \t b c \t\r\n").request["a"] == "b c");
  for (const auto* bad : {"A : b\r\n", " A: b\r\n", "A: b\r\n c\r\n", "A: b\r\n\tc\r\n",
                          "A\r\n", ": b\r\n", "A(: b\r\n", "A: \x01\r\n", "A: \x7f\r\n"})
    CHECK_MESSAGE(status_of(bad) == 400, bad);
}

TEST_CASE("how long a body is can be said in one way only") {
  CHECK(head_of("Content-Length: 12\r\n").length == 12);
  CHECK(head_of("Content-Length: 99999999999999999999999\r\n").length == UINT64_MAX);
  CHECK(head_of("Transfer-Encoding: Chunked\r\n").chunked);
  for (const auto* bad :
       {"Content-Length: +1\r\n", "Content-Length: -1\r\n", "Content-Length: \r\n",
        "Content-Length: 1, 1\r\n", "Content-Length: 0x1\r\n", "Content-Length: 1 1\r\n",
        "Content-Length: 1\r\nContent-Length: 1\r\n",
        "Content-Length: 1\r\nContent-Length: 2\r\n",
        "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"})
    CHECK_MESSAGE(status_of(bad) == 400, bad);
  for (const auto* unknown :
       {"Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding: chunked, gzip\r\n", "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: \r\n", "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"})
    CHECK_MESSAGE(status_of(unknown) == 501, unknown);
  CHECK(status_of("Transfer-Encoding: chunked\r\n", "POST / HTTP/1.0") == 400);
}

TEST_CASE("expectations") {
  CHECK(head_of("Expect: 100-Continue\r\nContent-Length: 1\r\n").expects_continue);
  CHECK(!head_of("Expect: 100-continue\r\n").expects_continue); // nothing is to come
  CHECK(!head_of("Expect: 100-continue\r\nContent-Length: 1\r\n", "POST / HTTP/1.0")
           .expects_continue);
  CHECK(status_of("Expect: 200-ok\r\n") == 417);
  CHECK(status_of("Expect: 100-continue, x\r\n") == 417);
  CHECK(status_of("Expect: 100-continue\r\nExpect: 100-continue\r\n") == 417);
}

TEST_CASE("bodies, in whatever parts they come") {
  const auto sized = head_of("Content-Length: 5\r\n");
  const auto chunked = head_of("Transfer-Encoding: chunked\r\n");
  for (std::size_t step : {1, 2, 3, 7, 100}) {
    auto found = decode(sized, "helloGET", step);
    CHECK(found.state == state::complete);
    CHECK(found.body == "hello");
    CHECK(found.rest == "GET");
    found = decode(
      chunked, "2;a=\"b\"\r\nhe\r\n0003 \r\nllo\r\n0\r\nA: b\r\nC: d\r\n\r\nGET", step);
    CHECK(found.state == state::complete);
    CHECK(found.body == "hello");
    CHECK(found.rest == "GET");
  }
  CHECK(decode(head_of(""), "GET", 3).state == state::complete);
}

TEST_CASE("chunks as they should not be") {
  const auto head = head_of("Transfer-Encoding: chunked\r\n");
  for (const auto* bad : {"\r\n", "x\r\n", "-1\r\n", "+1\r\n", " 1\r\n", "0x1\r\n", "1\n",
                          "1\rx", "1 1\r\n", "1;\n", "1\r\nab", "1\r\na\n", "1\r\na\rx",
                          "0\r\n\n", "0\r\nA: b\n", "00000000000000001\r\n", "1;a\x01"})
    CHECK_MESSAGE(decode(head, bad, 100).state == state::malformed, bad);
  CHECK(decode(head, "ffffffffffffffff\r\n", 100).state == state::too_long);
  CHECK(decode(head, "1\r\na\r\nffffffffffffffff\r\n", 100).state == state::too_long);
  CHECK(decode(head, "3e9\r\n", 100).state == state::too_long); // 1,001
  CHECK(decode(head, "3e8\r\n", 100).state == state::more);
  CHECK(decode(head_of("Content-Length: 1001\r\n"), "", 1).state == state::too_long);
}

TEST_CASE("no part of a body can go on for ever") {
  constexpr std::size_t bound = body_decoder::max_surplus + 1'000;
  constexpr std::pair<const char*, const char*> senders[] = {
    {"1;", "a"},           {"1 ", " "},
    {"1;a=\"", "b"},       {"", "0"},
    {"0\r\n", "A: b\r\n"}, {"0\r\nA", "b"},
    {"", "1\t\r\na\r\n"},  {"", "1;aaaaaaaaaa\r\na\r\n"}};
  for (const auto& x : senders) {
    const auto [found, taken] = endless(x.first, x.second);
    const bool has_ended = found != state::more && taken <= 2 * bound;
    CHECK_MESSAGE(has_ended, x.second);
  }
  CHECK(endless("", "1\r\na\r\n").first == state::too_long);
}
