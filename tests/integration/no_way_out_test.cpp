// SPDX-License-Identifier: MIT
#include "actors/interfaces/addresses.hpp"
#include "actors/interfaces/dialing.hpp"
#include "actors/transport/asio_sockets.hpp"
#include "messages/wire/addresses.hpp"
#include "tests/support/endpoints.hpp"
#include "tests/support/loopback_only.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/whole_node.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

/// Nodes in tests dial nothing but this machine, and test programs could not anyway.
using namespace peerage;
using namespace peerage::test;

namespace {

/// Public, private and documentation addresses, and none of a host.
const std::vector<std::string_view> strangers{
  "8.9.10.11",   "1.1.1.1",   "[2a00::1]",       "10.1.2.3",      "192.168.1.1",
  "169.254.1.1", "[fd00::1]", "203.0.113.1",     "[2001:db8::1]", "0.0.0.0",
  "224.0.0.1",   "[::]",      "255.255.255.255", "[ff02::1]"};

struct dial_results {
  std::mutex mutex;
  std::vector<peer_exit> failed;
};

/// Takes the results of raw dials.
caf::behavior take_results(caf::event_based_actor*,
                           const std::shared_ptr<dial_results>& to) {
  return {[](const connected&) {},
          [to](const connect_failed& x) {
            std::lock_guard guard{to->mutex};
            to->failed.push_back(x.reason);
          }};
}

std::vector<peer_exit> dial_all(dial_reach reach,
                                const std::vector<std::string_view>& whom) {
  auto sockets = make_asio_sockets(reach); // outlives the actors
  actor_system_config config;
  caf::actor_system system{config};
  auto results = std::make_shared<dial_results>();
  auto sink = system.spawn(take_results, results);
  std::vector<std::shared_ptr<void>> attempts;
  for (auto text : whom)
    attempts.push_back(
      sockets->connect(at(text), 1, caf::actor_cast<caf::strong_actor_ptr>(sink)));
  eventually([&] {
    std::lock_guard guard{results->mutex};
    return results->failed.size() == whom.size();
  });
  caf::anon_send_exit(sink, caf::exit_reason::user_shutdown);
  std::lock_guard guard{results->mutex};
  return results->failed;
}

} // namespace

TEST_CASE("I17: sockets of tests refuse strangers before any connect") {
  const auto calls = connect_calls();
  const auto failed = dial_all(dial_reach::loopback, strangers);
  CHECK(failed == std::vector(strangers.size(), peer_exit::out_of_reach));
  CHECK(connect_calls() == calls);
}

TEST_CASE("sockets that go everywhere do not get out of a test program, either") {
  const auto before = attempts_to_leave();
  const auto failed = dial_all(dial_reach::everywhere, {"8.9.10.11", "[2a00::1]"});
  CHECK(failed == std::vector(2, peer_exit::connect_failed));
  CHECK(attempts_to_leave() == before + 2);
}

TEST_CASE("a connect by hand does not get out") {
  const auto before = attempts_to_leave();
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(8333);
  to.sin_addr.s_addr = htonl(0x08090a0b);
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  CHECK(::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) == -1);
  CHECK(errno == EACCES);
  ::close(socket);
  CHECK(attempts_to_leave() == before + 1);
}

TEST_CASE(
  "I17: a node of a test neither learns strangers nor dials them, whoever names them") {
  auto sockets = make_asio_sockets(dial_reach::loopback); // outlives the actors
  actor_system_config config;
  caf::actor_system system{config};
  const auto calls = connect_calls();
  const auto left = attempts_to_leave();
  peer_manager_options options;
  options.discover = true;
  for (auto text : strangers)
    options.manual.push_back(at(text));
  whole_node node{system, sockets, std::move(options)};
  const auto parts = node.get<node_handles>(get_node_handles{});
  add_addresses told;
  for (auto text : strangers) {
    const auto remote = at(text);
    told.entries.push_back(
      wire::to_network_address({1'700'000'000, {9, remote.ip, 8333}}));
    auto once = asked<bool>(system, parts.dialer, dial_once{remote}).wait();
    CHECK(once.failure);
    auto always = asked<bool>(system, parts.dialer, add_manual_peer{remote}).wait();
    CHECK(always.failure);
  }
  told.tried = true;
  CHECK(asked<std::uint64_t>(system, parts.book, told).wait().value == 0);
  // One dial that is allowed, to see that dialing goes on.
  const auto nobody = dead_places(1).front();
  CHECK(asked<bool>(system, parts.dialer, dial_once{nobody}).wait().value == true);
  const auto refused = [&] {
    return node.get<node_snapshot>(get_node_snapshot{})
      .failures[static_cast<std::size_t>(peer_exit::connect_refused)];
  };
  CHECK(eventually([&] { return refused() == 1; }));
  CHECK(connect_calls() == calls + 1);
  CHECK(attempts_to_leave() == left);
}
