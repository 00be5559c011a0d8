// SPDX-License-Identifier: MIT
#include "actors/transport/epoll_loop.hpp"

#include "actors/transport/tcp_transport.hpp"
#include "tests/support/raw_peer.hpp"
#include "tests/support/test_node.hpp"

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

/// Fairness between the connections of one I/O thread.
using namespace peerage;
using namespace peerage::test;

namespace {

/// Two connected ends; the first belongs to the socket that takes it.
std::array<int, 2> socket_pair() {
  std::array<int, 2> ends;
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
  return ends;
}

/// Has always more to do.
class greedy_socket : public watched_socket {
public:
  greedy_socket(int descriptor, std::atomic<int>& turns)
      : watched_socket(descriptor), turns_(turns) {}

  next_step on_ready(std::uint32_t) override {
    if (stop)
      return next_step::wait;
    std::this_thread::sleep_for(1ms);
    ++turns_;
    return next_step::again;
  }

  std::atomic<bool> stop{false};

private:
  std::atomic<int>& turns_;
};

/// Reads what comes, and notes how many turns the greedy ones had had by then.
class modest_socket : public watched_socket {
public:
  modest_socket(int descriptor, std::atomic<int>& turns)
      : watched_socket(descriptor), turns_(turns) {}

  next_step on_ready(std::uint32_t) override {
    char byte;
    if (::recv(descriptor(), &byte, 1, MSG_DONTWAIT) == 1)
      seen_at = turns_.load();
    return next_step::wait;
  }

  std::atomic<int> seen_at{-1};

private:
  std::atomic<int>& turns_;
};

/// Holds its thread up for longer than the loop looks at its timer, once.
class slow_socket : public watched_socket {
public:
  using watched_socket::watched_socket;

  next_step on_ready(std::uint32_t) override {
    if (hold.exchange(false))
      std::this_thread::sleep_for(epoll_loop::lag_interval + 700ms);
    return next_step::wait;
  }

  std::atomic<bool> hold{false};
};

/// A connection over TCP on loopback: the accepted end and the other one.
std::array<int, 2> tcp_pair() {
  const unique_fd listening{::socket(AF_INET, SOCK_STREAM, 0)};
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  auto* address = reinterpret_cast<sockaddr*>(&at);
  REQUIRE(::bind(listening.get(), address, size) == 0);
  REQUIRE(::listen(listening.get(), 1) == 0);
  REQUIRE(::getsockname(listening.get(), address, &size) == 0);
  const int ours = ::socket(AF_INET, SOCK_STREAM, 0);
  REQUIRE(::connect(ours, address, size) == 0);
  return {::accept(listening.get(), nullptr, nullptr), ours};
}

} // namespace

TEST_CASE("a socket that always has more to do does not keep the others waiting") {
  constexpr int greedy_count = 30;
  std::atomic<int> turns{0};
  std::vector<unique_fd> other_ends;
  std::vector<std::shared_ptr<greedy_socket>> greedy;
  epoll_loop loop;
  for (int i = 0; i < greedy_count; ++i) {
    const auto ends = socket_pair();
    other_ends.emplace_back(ends[1]);
    greedy.push_back(std::make_shared<greedy_socket>(ends[0], turns));
    REQUIRE(loop.watch(greedy.back()));
    loop.wake(greedy.back());
  }
  const auto ends = socket_pair();
  const unique_fd writes{ends[1]};
  const auto modest = std::make_shared<modest_socket>(ends[0], turns);
  REQUIRE(loop.watch(modest));
  REQUIRE(eventually([&] { return turns > greedy_count; }));
  int most = 0;
  for (int round = 0; round < 30; ++round) {
    modest->seen_at = -1;
    REQUIRE(::send(writes.get(), "x", 1, 0) == 1);
    const auto sent_at = turns.load();
    REQUIRE(eventually([&] { return modest->seen_at >= 0; }));
    most = std::max(most, modest->seen_at - sent_at);
  }
  CHECK(most <= 3); // the turn under way, and one more
  // And none of the greedy ones is forgotten over it.
  const auto before = turns.load();
  CHECK(eventually([&] { return turns > before + greedy_count; }));
  for (const auto& x : greedy)
    x->stop = true;
}

TEST_CASE("a thread that is held up is late for its timer") {
  auto lag = std::make_shared<duration_histogram>();
  const auto count = [&] {
    std::uint64_t result = 0;
    for (auto x : lag->counts())
      result += x;
    return result;
  };
  const auto ends = socket_pair();
  const unique_fd other_end{ends[1]};
  const auto slow = std::make_shared<slow_socket>(ends[0]);
  epoll_loop loop{lag};
  REQUIRE(loop.watch(slow));
  REQUIRE(eventually([&] { return count() == 1; }));
  CHECK(lag->sum() < 0.5);
  slow->hold = true;
  loop.wake(slow); // the next look would be within this turn
  REQUIRE(eventually([&] { return count() == 2; }));
  CHECK(lag->sum() > 0.5);
}

TEST_CASE("a turn reads a bounded part of a large message") {
  const auto ends = tcp_pair();
  const unique_fd theirs{ends[1]};
  epoll_loop loop;
  auto totals = std::make_shared<traffic_totals>();
  const auto& network = wire::parameters(wire::network::regtest);
  auto connection = std::make_shared<tcp_transport>(
    ends[0], endpoint{}, endpoint{}, network.magic, loop, totals,
    std::make_shared<node_clock>(), std::make_shared<wire::payload_pool>());
  connection->finish_handshake(); // lifts the limit, and gives credit
  const auto bytes =
    raw_envelope{.command = "block", .payload = byte_vector(3'900'000)}.bytes();
  std::thread sender{[&] {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const auto count =
        ::send(theirs.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (count <= 0)
        break;
      sent += static_cast<std::size_t>(count);
    }
  }};
  std::uint64_t most = 0;
  CHECK(eventually([&] {
    // As much as the kernel buffers is there at once.
    int waiting = 0;
    ::ioctl(ends[0], FIONREAD, &waiting);
    if (waiting == 0)
      return totals->received >= bytes.size();
    const auto before = totals->received.load();
    connection->on_ready(EPOLLIN);
    most = std::max(most, totals->received.load() - before);
    return totals->received >= bytes.size();
  }));
  sender.join();
  CHECK(most <= 256 * 1024);
}
