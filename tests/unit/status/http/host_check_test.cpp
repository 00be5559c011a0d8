// SPDX-License-Identifier: MIT
#include "actors/status/http/host_check.hpp"

#include <doctest/doctest.h>

using namespace peerage;

namespace {

const auto loopback = ipv4_endpoint(127, 0, 0, 1, 8645);
const auto everywhere = ipv4_endpoint(0, 0, 0, 0, 9332);

} // namespace

TEST_CASE("only names and addresses of this machine are good") {
  for (auto host :
       {"localhost", "LocalHost:80", "127.0.0.1", "127.9.9.9:1", "[::1]:8645"})
    CHECK_MESSAGE(host_allowed(host, loopback, {}), host);
  for (auto host : {"", "evil.example", "localhost.evil.example", "localhost:",
                    "localhost:x", "localhost:80/", "192.0.2.1", "xlocalhost", "local"})
    CHECK_MESSAGE(!host_allowed(host, loopback, {}), host);
}

TEST_CASE("a name that the node was given is good, with any port") {
  const host_rules rules{{"node.example", "b"}, false};
  for (auto host : {"node.example", "NODE.example:9332", "b", "b:1", "localhost"})
    CHECK_MESSAGE(host_allowed(host, loopback, rules), host);
  for (auto host : {"node.example.", "node.example.evil", "evil.node.example", "bb",
                    "b:x", "b@evil", "192.0.2.1"})
    CHECK_MESSAGE(!host_allowed(host, loopback, rules), host);
}

TEST_CASE("a socket for a network is called by any address, and by no other name") {
  const host_rules rules{{}, true};
  for (auto host :
       {"192.0.2.1", "192.0.2.1:9332", "[2001:db8::1]:9332", "localhost:9332"})
    CHECK_MESSAGE(host_allowed(host, everywhere, rules), host);
  for (auto host : {"evil.example", "192.0.2.1.evil.example", "192.0.2.1:x"})
    CHECK_MESSAGE(!host_allowed(host, everywhere, rules), host);
}

TEST_CASE("what may be a name") {
  for (auto name : {"a", "node-1.example", "my_node", "1a"})
    CHECK_MESSAGE(is_host_name(name), name);
  for (auto name : {"", "a b", "a:1", "[a]", "a/b", "a\n", "127.0.0.1", "*"})
    CHECK_MESSAGE(!is_host_name(name), name);
  CHECK(is_host_name(std::string(253, 'a')));
  CHECK_FALSE(is_host_name(std::string(254, 'a')));
}
