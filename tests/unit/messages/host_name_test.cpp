// SPDX-License-Identifier: MIT
#include "messages/host_name.hpp"

#include <doctest/doctest.h>

using namespace peerage;

namespace {

/// The name as it is written again; "" if it is none.
std::string read(std::string_view text, std::uint16_t default_port = 0) {
  host_name result;
  return parse_host_name(text, default_port, result) ? to_string(result) : "";
}

} // namespace

TEST_CASE("host names with their ports") {
  CHECK(read("localhost:18444") == "localhost:18444");
  CHECK(read("Seed.Example.COM.:8333") == "seed.example.com:8333");
  CHECK(read("a-1.b_2:1") == "a-1.b_2:1");
  CHECK(read("4chan.org:65535") == "4chan.org:65535");
  CHECK(read("localhost", 8333) == "localhost:8333");
  CHECK(read("localhost:1", 8333) == "localhost:1");
}

TEST_CASE("what is no host name") {
  for (const auto* text : {"",
                           ":8333",
                           "localhost",
                           "localhost:",
                           "localhost:0",
                           "localhost:65536",
                           "localhost:-1",
                           "localhost:x",
                           "a:b:1",
                           "127.0.0.1:8333",
                           "1.2.3:8333",
                           "8333:1",
                           "[::1]:8333",
                           "::1",
                           "a..b:1",
                           ".a:1",
                           ".:1",
                           "-a:1",
                           "a-:1",
                           "a b:1",
                           "a/b:1",
                           "ü:1",
                           "a%b:1",
                           "http://a:1"})
    CHECK_MESSAGE(read(text).empty(), text);
  CHECK(read("127.0.0.1", 8333).empty());
  const std::string label(63, 'a');
  CHECK(read(label + ":1") == label + ":1");
  CHECK(read(label + "a:1").empty());
  CHECK(read(label + "." + label + "." + label + "." + label + ":1").empty());
}
