// SPDX-License-Identifier: MIT
#include "app/service_notifier.hpp"

#include "tests/simulation/actor_world.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>

/// What the service manager hears of a node, and that it hears nothing of one that hangs.
using namespace peerage;
using namespace peerage::test;

namespace {

/// A service manager: an abstract socket, as sd_notify(3) has them.
class service_manager_socket {
public:
  service_manager_socket() {
    const auto name = "peerage-test-" + std::to_string(::getpid());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, name.data(), name.size());
    const auto size = offsetof(sockaddr_un, sun_path) + 1 + name.size();
    REQUIRE(::bind(socket_, reinterpret_cast<const sockaddr*>(&address),
                   static_cast<socklen_t>(size)) == 0);
    ::setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
  }
  service_manager_socket(const service_manager_socket&) = delete;
  service_manager_socket& operator=(const service_manager_socket&) = delete;
  ~service_manager_socket() {
    ::unsetenv("NOTIFY_SOCKET");
    ::close(socket_);
  }

  /// What has come since the last call.
  std::vector<std::string> take() const {
    std::vector<std::string> result;
    std::array<char, 4096> text;
    for (ssize_t size = 0; (size = ::recv(socket_, text.data(), text.size(), 0)) >= 0;)
      result.emplace_back(text.data(), static_cast<std::size_t>(size));
    return result;
  }

private:
  int socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
};

/// What the manager of this test has been asked, and does.
struct scripted_node {
  bool hangs = false;
  node_snapshot snapshot;
  std::vector<caf::typed_response_promise<node_snapshot>> unanswered;
};

peer_manager_actor::behavior_type
scripted_manager(peer_manager_actor::pointer self,
                 const std::shared_ptr<scripted_node>& script) {
  return {
    [self, script](get_node_snapshot) {
      auto answer = self->make_response_promise<node_snapshot>();
      if (script->hangs)
        script->unanswered.push_back(answer);
      else
        answer.deliver(script->snapshot);
      return answer;
    },
    [](get_peer_snapshots) { return peer_snapshots{}; },
    [](const set_network_active&) {},
    [](get_node_handles) { return node_handles{}; },
    [](caf::get_atom) { return peer_set_actor{}; },
    [](const peerage::alarm&) {},
  };
}

struct notifier_world : actor_world<service_notifier_actor> {
  explicit notifier_world(std::optional<std::chrono::microseconds> watchdog) {
    manager = system.spawn(scripted_manager, script);
    subject = system.spawn(service_notifier, manager, context, notify_pace(watchdog));
    run();
  }
  ~notifier_world() {
    script->unanswered.clear();
    caf::anon_send_exit(subject, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(manager, caf::exit_reason::user_shutdown);
    run();
  }

  std::size_t alive_since() const {
    const auto told = socket.take();
    return static_cast<std::size_t>(std::ranges::count(told, "WATCHDOG=1"));
  }

  service_manager_socket socket;
  std::shared_ptr<scripted_node> script = std::make_shared<scripted_node>();
  peer_manager_actor manager;
};

} // namespace

TEST_CASE("the service manager is told how a node is, every ten seconds") {
  notifier_world world{std::nullopt};
  CHECK(world.socket.take() ==
        std::vector<std::string>{
          "STATUS=0 peers (0 outbound, 0 inbound), 0 known addresses", "WATCHDOG=1"});
  world.script->snapshot.peers.ready = 1;
  world.pass(9s);
  CHECK(world.socket.take().empty());
  world.pass(1s);
  CHECK(world.socket.take().front() ==
        "STATUS=1 peer (1 outbound, 0 inbound), 0 known addresses");
}

TEST_CASE("the line about a node counts what is ready, and names what is not") {
  node_snapshot x;
  x.peers.ready = 12;
  x.peers.ready_inbound = 4;
  x.dials_in_flight = 2;
  x.handshakes_in_flight = 1;
  x.known_addresses = 5120;
  x.network_active = false;
  CHECK(status_line(x) == "12 peers (8 outbound, 4 inbound), 3 more connecting, 5120 "
                          "known addresses; networking is switched off");
}

TEST_CASE("a watchdog hears three times within its limit that the node lives") {
  notifier_world world{9s};
  CHECK(world.alive_since() == 1);
  world.pass(9s);
  CHECK(world.alive_since() == 3);
}

TEST_CASE("a watchdog hears nothing of a node that hangs, and again when it goes on") {
  notifier_world world{9s};
  world.script->hangs = true;
  world.alive_since();
  world.pass(9s);
  CHECK(world.alive_since() == 0);
  world.script->hangs = false;
  world.pass(3s);
  CHECK(world.alive_since() == 1);
}

TEST_CASE("a short watchdog is no reason to ask without a pause") {
  CHECK(notify_pace(2us) == 1ms);
  CHECK(notify_pace(60s) == 10s);
  CHECK(notify_pace(std::nullopt) == 10s);
}
