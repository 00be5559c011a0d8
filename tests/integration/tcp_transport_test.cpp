// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "actors/transport/asio_sockets.hpp"
#include "actors/transport/epoll_loop.hpp"
#include "tests/support/raw_peer.hpp"

#include <caf/actor_companion.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/after.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <numeric>
#include <optional>
#include <vector>

/// Reading from a real socket: what comes is read once, in order, to its end, whenever
/// the credit for it comes.
using namespace peerage;
using namespace peerage::test;

namespace {

const auto regtest = wire::parameters(wire::network::regtest).magic;

/// Gets what a transport delivers on the very thread that delivers it, so that it answers
/// before the delivery is over: the fastest sink there can be.
class immediate_sink {
public:
  enum class answers { at_once, when_told };

  explicit immediate_sink(caf::actor_system& system, answers when = answers::at_once)
      : actor_(system.spawn<caf::actor_companion, caf::hidden>()), when_(when) {
    auto* companion = caf::actor_cast<caf::actor_companion*>(actor_);
    companion->on_enqueue([this](caf::mailbox_element_ptr x) { take(x->content()); });
  }

  ~immediate_sink() { caf::actor_cast<caf::actor_companion*>(actor_)->on_enqueue({}); }

  caf::strong_actor_ptr address() const {
    return caf::actor_cast<caf::strong_actor_ptr>(actor_);
  }

  /// Waits for that many pings, or an end; returns their nonces.
  std::vector<std::uint64_t> wait_for_pings(std::size_t count) {
    std::unique_lock guard{mutex_};
    changed_.wait_for(guard, patience, [&] { return nonces_.size() >= count || ended_; });
    return nonces_;
  }

  /// Answers what was delivered last, for a sink that waits to be told.
  void answer(answers from_now_on = answers::when_told) {
    transport_ptr transport;
    bool over;
    {
      std::unique_lock guard{mutex_};
      changed_.wait_for(guard, patience, [this] { return transport_ != nullptr; });
      REQUIRE(transport_);
      when_ = from_now_on;
      transport = transport_;
      over = verack_;
    }
    answer(*transport, over);
  }

  /// The reason why nothing more comes; none if that is not so in time.
  std::optional<peer_exit> wait_for_end() {
    std::unique_lock guard{mutex_};
    changed_.wait_for(guard, patience, [this] { return ended_.has_value(); });
    return ended_;
  }

  transport_ptr wait_for_connection() {
    std::unique_lock guard{mutex_};
    changed_.wait_for(guard, patience, [this] { return transport_ != nullptr; });
    return transport_;
  }

  bool wait_for_verack() {
    std::unique_lock guard{mutex_};
    return changed_.wait_for(guard, patience, [this] { return verack_; });
  }

private:
  void take(const caf::type_erased_tuple& x) {
    bool over = false;
    {
      std::lock_guard guard{mutex_};
      if (x.match_element<connected>(0)) {
        transport_ = x.get_as<connected>(0).connection;
        transport_->set_sink(address());
      } else if (x.match_element<frame_batch>(0)) {
        over = note(x.get_as<frame_batch>(0));
      } else if (x.match_element<transport_closed>(0)) {
        ended_ = x.get_as<transport_closed>(0).reason;
      }
      changed_.notify_all();
      if (!transport_ || ended_ || when_ == answers::when_told)
        return;
    }
    answer(*transport_, over);
  }

  static void answer(transport& to, bool handshake_over) {
    if (handshake_over)
      to.finish_handshake();
    else
      to.grant();
  }

  /// True if the handshake is over now.
  bool note(const frame_batch& batch) {
    bool over = false;
    for (const auto& frame : batch.frames) {
      over = over || frame.type == wire::command::verack;
      wire::message x;
      wire::decode(frame.type, frame.payload, x);
      if (auto* ping = std::get_if<wire::ping>(&x))
        nonces_.push_back(ping->nonce);
    }
    verack_ = verack_ || over;
    return over;
  }

  caf::actor actor_;
  std::mutex mutex_; ///< Guards what follows.
  answers when_;
  transport_ptr transport_;
  std::condition_variable changed_;
  std::vector<std::uint64_t> nonces_;
  bool verack_ = false;
  std::optional<peer_exit> ended_;
};

byte_vector pings(const raw_peer& from, std::uint64_t first, std::uint64_t count) {
  byte_vector result;
  for (auto nonce = first; nonce < first + count; ++nonce)
    append(result, from.encoded(wire::ping{nonce}));
  return result;
}

std::vector<std::uint64_t> one_to(std::size_t count) {
  std::vector<std::uint64_t> result(count);
  std::iota(result.begin(), result.end(), std::uint64_t{1});
  return result;
}

/// When this returns, the thread that reads from all connections knows of all that came
/// before: it has told of a ping of another one.
void let_catch_up(caf::actor_system& system, socket_provider& sockets,
                  raw_listener& listener) {
  immediate_sink sink{system};
  auto attempt = sockets.connect(listener.local(), regtest, sink.address());
  auto remote = listener.accept();
  remote.send(wire::ping{1});
  REQUIRE(sink.wait_for_pings(1) == one_to(1));
}

} // namespace

TEST_CASE("a dial for which there is no descriptor says so") {
  caf::actor_system_config config;
  caf::actor_system system{config};
  auto sockets = make_asio_sockets(dial_reach::loopback);
  raw_listener listener;
  caf::scoped_actor self{system};
  // Whatever the sockets need for all connections, they have after the first one.
  bool open = false;
  std::optional<peer_exit> reason;
  const auto dial = [&] {
    auto attempt = sockets->connect(listener.local(), regtest,
                                    caf::actor_cast<caf::strong_actor_ptr>(self));
    self->receive([&](const connected&) { open = true; },
                  [&](const connect_failed& x) { reason = x.reason; },
                  caf::after(5s) >> [] {});
  };
  dial();
  REQUIRE(open);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  // The lowest that is free: from there on, none is.
  const int next = ::dup(STDIN_FILENO);
  REQUIRE(next >= 0);
  REQUIRE(::close(next) == 0);
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(next);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  dial();
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(reason == peer_exit::no_descriptor);
}

TEST_CASE("a handshake that ends while its last batch is delivered leaves one reader") {
  constexpr std::uint64_t count = 1'000;
  caf::actor_system_config config;
  caf::actor_system system{config};
  auto sockets = make_asio_sockets(dial_reach::loopback);
  raw_listener listener;
  immediate_sink sink{system};
  auto attempt = sockets->connect(listener.local(), regtest, sink.address());
  auto remote = listener.accept();

  SUBCASE("with nothing behind the verack") {
    remote.send(wire::verack{});
    REQUIRE(sink.wait_for_verack());
    remote.send(pings(remote, 1, count));
  }
  SUBCASE("with more behind the verack, in the same segment") {
    auto bytes = remote.encoded(wire::verack{});
    append(bytes, pings(remote, 1, 10));
    remote.send(bytes);
    REQUIRE(sink.wait_for_pings(10).size() == 10);
    remote.send(pings(remote, 11, count - 10));
  }
  CHECK(sink.wait_for_pings(count) == one_to(count));
}

TEST_CASE("a transport tells how far its bytes have come") {
  caf::actor_system_config config;
  caf::actor_system system{config};
  auto sockets = make_asio_sockets(dial_reach::loopback);
  raw_listener listener;
  immediate_sink sink{system, immediate_sink::answers::when_told};
  auto attempt = sockets->connect(listener.local(), regtest, sink.address());
  auto remote = listener.accept();
  auto ours = sink.wait_for_connection();
  REQUIRE(ours);
  CHECK(ours->traffic().received == 0);
  CHECK(ours->backlog().unread == 0);

  const auto bytes = pings(remote, 1, 3);
  remote.send(bytes);
  let_catch_up(system, *sockets, listener);
  CHECK(ours->traffic().received == 0); // without credit
  CHECK(ours->backlog().unread == bytes.size());
  ours->grant();
  REQUIRE(sink.wait_for_pings(3) == one_to(3));
  CHECK(ours->traffic().received == bytes.size());
  CHECK(ours->backlog().unread == 0);

  ours->send({wire::slice::adopt(std::vector<std::byte>(8 << 20))});
  const auto sent = ours->traffic().sent;
  CHECK(sent > 0);
  CHECK(sent < 8 << 20);
  CHECK(ours->unsent_bytes() >= (8 << 20) - sent);
  CHECK(ours->backlog().undelivered > 0); // more than the remote's system takes
  CHECK(ours->backlog().undelivered <= sent);
  ours.reset();
}

TEST_CASE("what comes while there is no credit is read when there is some") {
  caf::actor_system_config config;
  caf::actor_system system{config};
  auto sockets = make_asio_sockets(dial_reach::loopback);
  raw_listener listener;
  immediate_sink sink{system, immediate_sink::answers::when_told};
  auto attempt = sockets->connect(listener.local(), regtest, sink.address());
  auto remote = listener.accept();

  std::size_t count = 10;
  bool ends = false;
  SUBCASE("and then what comes later") {
    remote.send(pings(remote, 1, count));
  }
  SUBCASE("and the end that came with it") {
    ends = true;
    remote.send(pings(remote, 1, count));
  }
  SUBCASE("however many reads that takes") {
    ends = true;
    count = 3'000; // no event tells of the second read
    remote.send(pings(remote, 1, count));
  }
  SUBCASE("and so is what waits behind a verack") {
    auto bytes = remote.encoded(wire::verack{});
    append(bytes, pings(remote, 1, count));
    remote.send(bytes);
    sink.answer();
    REQUIRE(sink.wait_for_verack());
  }
  if (ends)
    remote.finish_sending();
  let_catch_up(system, *sockets, listener);

  sink.answer(immediate_sink::answers::at_once);
  CHECK(sink.wait_for_pings(count) == one_to(count));
  if (ends) {
    CHECK(sink.wait_for_end() == peer_exit::remote_closed);
  } else {
    remote.send(pings(remote, count + 1, 10));
    CHECK(sink.wait_for_pings(count + 10) == one_to(count + 10));
  }
}

TEST_CASE("a connection that is reset before it is accepted keeps its address") {
  caf::actor_system_config config;
  caf::actor_system system{config};
  auto sockets = make_asio_sockets(dial_reach::loopback);
  std::string error;
  auto door = sockets->listen(ipv4_endpoint(127, 0, 0, 1, 0), regtest, error);
  REQUIRE(door);
  caf::scoped_actor sink{system};
  door->start(caf::actor_cast<caf::strong_actor_ptr>(sink), 0, 0);
  auto remote = raw_peer::connect(door->local());
  const auto from = remote.local();
  remote.abort();
  door->grant(1);
  sink->receive([&](const accepted& x) { CHECK(x.connection->remote() == from); },
                caf::after(patience) >> [] { FAIL("not accepted"); });
}

TEST_CASE("a descriptor that the system does not watch is let go of at once") {
  class unwatchable : public watched_socket {
  public:
    // epoll cannot watch such a file.
    unwatchable() : watched_socket(::open("/dev/null", O_RDONLY | O_CLOEXEC)) {}
    next_step on_ready(std::uint32_t) override { return next_step::forget; }
  };
  epoll_loop loop;
  auto refused = std::make_shared<unwatchable>();
  REQUIRE(refused->descriptor() >= 0);
  CHECK_FALSE(loop.watch(refused));
  CHECK(refused.use_count() == 1);
}
