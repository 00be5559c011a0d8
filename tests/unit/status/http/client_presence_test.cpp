// SPDX-License-Identifier: MIT
#include "actors/status/http/client_presence.hpp"

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <utility>

using namespace peerage;

namespace {

/// {ours, the client's}.
std::array<int, 2> tcp_pair() {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&at), size) == 0);
  REQUIRE(::listen(listener, 1) == 0);
  REQUIRE(::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size) == 0);
  const int client = ::socket(AF_INET, SOCK_STREAM, 0);
  REQUIRE(::connect(client, reinterpret_cast<sockaddr*>(&at), size) == 0);
  const int ours = ::accept(listener, nullptr, nullptr);
  ::close(listener);
  return {ours, client};
}

std::array<int, 2> unix_pair() {
  std::array<int, 2> result{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, result.data()) == 0);
  return result;
}

} // namespace

TEST_CASE("a client that has shut its sending side is not one that has closed") {
  for (auto make : {tcp_pair, unix_pair}) {
    const auto [ours, client] = make();
    CHECK(look_for_client(ours) == client_presence::sends);
    REQUIRE(::send(client, "x", 1, 0) == 1); // unread, in front of the end
    ::shutdown(client, SHUT_WR);
    CHECK(look_for_client(ours) == client_presence::listens);
    ::close(client);
    CHECK(look_for_client(ours) == client_presence::gone);
    ::close(ours);
  }
}

TEST_CASE("a client that closes, or resets") {
  for (auto make : {tcp_pair, unix_pair}) {
    for (const bool reset : {false, true}) {
      const auto [ours, client] = make();
      const linger at_once{1, 0};
      if (reset)
        ::setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
      ::close(client);
      CHECK(look_for_client(ours) == client_presence::gone);
      ::close(ours);
    }
  }
}
