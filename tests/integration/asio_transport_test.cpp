#include <doctest/doctest.h>

#include "actors/transport/asio_sockets.hpp"
#include "tests/support/raw_peer.hpp"

#include <caf/actor_companion.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/send.hpp>

#include <condition_variable>
#include <mutex>
#include <vector>

/// The read turn of a connection over a real socket: one thread has it at a time.
using namespace peerage;
using namespace peerage::test;

namespace {

const auto regtest = wire::parameters(wire::network::regtest).magic;

/// Gets what a transport delivers on the very thread that delivers it, so that it answers
/// before the delivery is over: the fastest sink there can be.
class immediate_sink {
public:
  explicit immediate_sink(caf::actor_system& system)
      : actor_(system.spawn<caf::actor_companion, caf::hidden>()) {
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
    CHECK_FALSE(ended_);
    return nonces_;
  }

  bool wait_for_verack() {
    std::unique_lock guard{mutex_};
    return changed_.wait_for(guard, patience, [this] { return verack_; });
  }

private:
  void take(const caf::type_erased_tuple& x) {
    if (x.match_element<connected>(0)) {
      transport_ = x.get_as<connected>(0).connection;
      transport_->set_sink(address());
      transport_->grant();
    } else if (x.match_element<frame_batch>(0)) {
      if (note(x.get_as<frame_batch>(0)))
        transport_->finish_handshake();
      else
        transport_->grant();
    } else if (x.match_element<transport_closed>(0)) {
      std::lock_guard guard{mutex_};
      ended_ = true;
      changed_.notify_all();
    }
  }

  /// True if the handshake is over now.
  bool note(const frame_batch& batch) {
    std::lock_guard guard{mutex_};
    bool over = false;
    for (const auto& frame : batch.frames) {
      over = over || frame.type == wire::command::verack;
      wire::message x;
      wire::decode(frame.type, frame.payload, x);
      if (auto* ping = std::get_if<wire::ping>(&x))
        nonces_.push_back(ping->nonce);
    }
    verack_ = verack_ || over;
    changed_.notify_all();
    return over;
  }

  caf::actor actor_;
  transport_ptr transport_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::uint64_t> nonces_;
  bool verack_ = false;
  bool ended_ = false;
};

byte_vector pings(const raw_peer& from, std::uint64_t first, std::uint64_t count) {
  byte_vector result;
  for (auto nonce = first; nonce < first + count; ++nonce)
    append(result, from.encoded(wire::ping{nonce}));
  return result;
}

} // namespace

TEST_CASE("a handshake that ends while its last batch is delivered leaves one reader") {
  constexpr std::uint64_t count = 1'000;
  caf::actor_system_config config;
  caf::actor_system system{config};
  auto sockets = make_asio_sockets();
  raw_listener listener;
  immediate_sink sink{system};
  auto attempt = sockets->connect(listener.local(), regtest, sink.address());
  auto remote = listener.accept();

  std::vector<std::uint64_t> expected;
  for (std::uint64_t nonce = 1; nonce <= count; ++nonce)
    expected.push_back(nonce);

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
  CHECK(sink.wait_for_pings(count) == expected);
}
