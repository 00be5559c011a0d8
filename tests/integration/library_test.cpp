// SPDX-License-Identifier: MIT
#include "actors/library/node.hpp"
#include "actors/library/peer.hpp"
#include "tests/support/log_sinks.hpp"
#include "tests/support/raw_peer.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/test_node.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <mutex>
#include <vector>

/// The library's face, over real sockets: nodes in a program that has no actors, or its
/// own.
using namespace peerage;
using namespace peerage::test;
using namespace std::chrono_literals;

namespace {

node_options listening() {
  node_options result;
  result.listen = {"127.0.0.1:0"};
  result.identity.services = wire::node_network | wire::node_witness;
  return result;
}

endpoint place_of(const node& x) {
  endpoint result;
  REQUIRE(parse_endpoint(x.listening().at(0), 0, result));
  return result;
}

std::string why_not(node_options options) {
  try {
    const node x{std::move(options)};
  } catch (const node_error& problem) {
    return problem.what();
  }
  return "it starts";
}

wire::getdata ask_for(const wire::hash256& hash) {
  return {{{wire::inv_block, hash}}};
}

} // namespace

TEST_CASE("requests end, also after the stop, and events come in order until then") {
  std::mutex mutex;
  std::vector<std::uint64_t> numbers;
  std::atomic<bool> stopped{false}, late{false};
  std::string ended = "not yet";
  auto options = listening();
  options.on_event = [&](const event& x) {
    std::lock_guard guard{mutex};
    numbers.push_back(x.seq);
    late = late || stopped;
  };
  options.on_end = [&](const std::string& problem) { ended = problem; };
  node server{options};
  node client{{.connect = server.listening()}};
  REQUIRE(client.wait_for_peers(1, 20s));
  CHECK(client.request(measure_latency{}, 10s));
  REQUIRE(client.peers().size() == 1);
  CHECK(to_string(client.peers()[0].remote) == server.listening()[0]);
  CHECK(client.disconnect(client.peers()[0].id));
  CHECK_FALSE(client.disconnect(77));
  server.stop();
  stopped = true;
  CHECK(ended.empty());
  CHECK(server.request(measure_latency{}).failure().error ==
        request_error::shutting_down);
  CHECK_FALSE(server.wait_for_peers(1, 1s));
  CHECK(server.peers().empty());
  server.stop(); // again
  const auto unanswered = client.request(get_addresses{.wait_for_peer = false}, 1s);
  CHECK_FALSE(unanswered);
  CHECK_THROWS_AS(unanswered.value(), request_failed);
  CHECK_FALSE(late);
  std::lock_guard guard{mutex};
  REQUIRE(numbers.size() > 3);
  for (std::size_t i = 0; i < numbers.size(); ++i)
    CHECK(numbers[i] == i + 1);
}

TEST_CASE("a service answers what it wants to, and its exceptions are 'not found'") {
  wire::hash256 here, broken, missing;
  here.bytes[0] = 1;
  broken.bytes[0] = 2;
  missing.bytes[0] = 3;
  const wire::block body{wire::slice::copy_of(std::vector<std::byte>(100))};
  auto options = listening();
  options.service.on_block = [&](const serve_block& x) -> std::optional<wire::block> {
    if (x.hash == broken)
      throw std::runtime_error("no");
    return x.hash == here ? std::optional{body} : std::nullopt;
  };
  const auto ask = [&](const node& server) {
    auto remote = raw_peer::connect(place_of(server));
    remote.shake_hands();
    std::vector<std::string> answers;
    for (const auto& hash : {here, broken, missing}) {
      remote.send(ask_for(hash));
      for (;;) {
        const auto message = remote.read_message();
        REQUIRE(message);
        if (message->command == "block" || message->command == "notfound") {
          answers.push_back(message->command);
          break;
        }
      }
    }
    return answers;
  };
  const std::vector<std::string> expected{"block", "notfound", "notfound"};
  SUBCASE("as functions") {
    const node server{options};
    CHECK(ask(server) == expected);
  }
  SUBCASE("as an actor with one handler") {
    actor_system_config config;
    caf::actor_system system{config};
    options.service_actor = system.spawn([&](inbound_service_actor::pointer) {
      return serving([&](const serve_block& x) -> caf::result<wire::block> {
        if (x.hash == here)
          return body;
        return caf::make_error(request_error::not_found);
      });
    });
    {
      const node server{system, options};
      CHECK(ask(server) == expected);
    }
    caf::anon_send_exit(options.service_actor, caf::exit_reason::user_shutdown);
  }
}

TEST_CASE("what cannot be is said when it starts") {
  const node taken{listening()};
  temporary_directory folder;
  node_options keeps;
  keeps.directory = folder.path();
  const node keeper{keeps};
  CHECK(why_not({.network = "moon"}).find("network: ") == 0);
  CHECK(why_not({.listen = {"nowhere"}}).find("listen: ") == 0);
  CHECK(why_not({.listen = taken.listening()}).find("in use") != std::string::npos);
  CHECK(why_not({.connect = {"a b"}}).find("connect: ") == 0);
  CHECK(why_not({.connect = {"8.8.8.8"}}).find("reach") != std::string::npos);
  CHECK(why_not(keeps).find("directory: ") == 0);
}

TEST_CASE("a single peer lives as long as its client") {
  const node server{listening()};
  actor_system_config config;
  caf::actor_system system{config};
  peer_dialer dialer{system, {}};
  std::promise<client_actor> ready;
  const auto sink = system.spawn([&](peer_sink::pointer) -> peer_sink::behavior_type {
    return {[&](peer_ready& x) { ready.set_value(std::move(x.client)); },
            [](const peer_failed&) {}};
  });
  caf::scoped_actor self{system};
  const auto before = system.registry().running();
  dialer.dial(place_of(server), sink);
  auto client = ready.get_future().get();
  bool answered = false;
  self->request(client, 10s, measure_latency{})
    .receive([&](const latency&) { answered = true; }, [](const caf::error&) {});
  CHECK(answered);
  client = nullptr;
  CHECK(eventually([&] { return system.registry().running() == before; }));
  CHECK_THROWS_AS((peer_dialer{system, {.network = "moon"}}), std::invalid_argument);
  caf::anon_send_exit(sink, caf::exit_reason::user_shutdown);
}

TEST_CASE("the log goes to a function, or nowhere") {
  std::mutex mutex;
  std::string seen;
  log_to([&](const log::line& x) {
    std::lock_guard guard{mutex};
    seen.append(x.text).append("\n");
  });
  {
    node server{listening()};
    node client{{.connect = server.listening()}};
    REQUIRE(client.wait_for_peers(1, 20s));
  }
  log_to(nullptr);
  std::lock_guard guard{mutex};
  CHECK(seen.find("joined") != std::string::npos);
}
