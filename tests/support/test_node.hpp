// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/actor_system_config.hpp"
#include "actors/interfaces/inbound_service.hpp"
#include "actors/interfaces/node.hpp"
#include "actors/interfaces/peer.hpp"
#include "actors/node/peer_manager.hpp"
#include "tests/support/raw_peer.hpp"

#include <caf/all.hpp>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <ostream>
#include <utility>
#include <variant>

/// A node over real sockets and real threads, for one test: actor system, I/O thread,
/// peer context, a listening socket on loopback, and either a peer manager or a sink that
/// collects what `dial` and `accept` bring.
namespace peerage::test {

/// Checks `holds` until it does; false at the deadline. The one place of these tests that
/// polls: descriptors close on the I/O thread and counters move on actors, and neither
/// has anybody to tell.
bool eventually(const std::function<bool()>& holds, deadline until = in(patience));

/// The counts that have to be the same before and after.
struct resources {
  std::size_t actors = 0;
  std::size_t descriptors = 0;
  std::size_t threads = 0;
  friend bool operator==(const resources&, const resources&) = default;
  friend std::ostream& operator<<(std::ostream& out, const resources& x) {
    return out << x.actors << " actors, " << x.descriptors << " descriptors, "
               << x.threads << " threads";
  }
};

std::size_t open_descriptors();
/// Without those that are about to end: the kernel lists a thread for a moment after it
/// was joined.
std::size_t running_threads();
/// Resident bytes of this process; what malloc keeps for later is given back first.
std::size_t resident_bytes();
/// Bytes that malloc has given out, touched or not.
std::size_t allocated_bytes();

using outcome = std::variant<peer_ready, peer_failed>;

/// Where a test waits for what its actors were told. Shared with them; thread-safe.
class outcome_queue {
public:
  void push(outcome x);
  std::optional<outcome> pop(deadline until);
  std::size_t size() const;
  void clear();

private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<outcome> waiting_;
};

struct test_node_options {
  /// A peer manager listens, instead of a sink that collects.
  bool managed = false;
  std::size_t max_inbound = 125;
  /// Sets timing, identity and the like, before anything starts.
  std::function<void(node_context&)> adjust = {};
  /// By default one that has nothing.
  std::function<inbound_service_actor(caf::actor_system&)> service = {};
};

/// How a request of a test ended.
template <class Reply>
struct answer {
  std::optional<Reply> value;
  std::optional<caf::error> failure;
};

/// An actor by which the test's own thread asks and waits. Not a part of the node, so not
/// one of its `resources`, though CAF counts it.
class test_actor {
public:
  explicit test_actor(caf::actor_system& system) : self_(system, true) { ++alive_; }
  test_actor(const test_actor&) = delete;
  test_actor& operator=(const test_actor&) = delete;
  ~test_actor() { --alive_; }

  caf::scoped_actor& operator*() { return self_; }
  caf::blocking_actor* operator->() { return self_.ptr(); }
  static std::size_t alive() { return alive_; }

private:
  static inline std::size_t alive_ = 0;
  caf::scoped_actor self_;
};

/// A request under way. Holds no handle to its receiver.
template <class Reply>
class asked {
public:
  template <class Handle, class Request>
  asked(caf::actor_system& system, const Handle& to, Request what)
      : self_(std::make_shared<test_actor>(system)) {
    auto response = (*self_)->request(to, std::chrono::seconds(20), std::move(what));
    receive_ = [response = std::make_shared<decltype(response)>(std::move(response))] {
      answer<Reply> result;
      response->receive([&](Reply& x) { result.value = std::move(x); },
                        [&](caf::error& x) { result.failure = std::move(x); });
      return result;
    };
  }

  /// Waits for the one answer.
  answer<Reply> wait() { return receive_(); }
  /// Something else came besides.
  bool answered_again() const { return !(*self_)->mailbox().empty(); }

private:
  std::shared_ptr<test_actor> self_;
  std::function<answer<Reply>()> receive_;
};

/// Waits for the end of an actor, whose handle it does not hold.
class end_watch {
public:
  template <class Handle>
  end_watch(caf::actor_system& system, const Handle& whom) : self_(system) {
    self_->monitor(whom);
  }
  /// The exit reason, once it has ended.
  std::optional<caf::error> wait(deadline until = in(patience));

private:
  test_actor self_;
};

/// Lasts until the threads that began after it have gone, too. CAF's detached ones
/// outlive their actor system by a moment, and would be counted by whoever comes next.
struct gone_with_threads {
  const std::size_t before = running_threads();
  ~gone_with_threads() {
    eventually([this] { return running_threads() <= before; });
  }
};

class test_node {
public:
  explicit test_node(test_node_options options = {});
  /// Ends all actors and waits for them; aborts the test program if they do not end.
  ~test_node();
  test_node(const test_node&) = delete;
  test_node& operator=(const test_node&) = delete;

  endpoint listens_at() const { return listens_at_; }

  // -- peers, without a manager --------------------------------------------------------

  caf::actor dial(const endpoint& to) {
    return peerage::dial(system_, context, to, sink_);
  }
  std::optional<outcome> next_outcome(deadline until = in(patience)) {
    return outcomes_->pop(until);
  }
  /// Outcomes not looked at yet.
  std::size_t outcomes_waiting() const { return outcomes_->size(); }
  /// The next outcome, which must be of this kind; throws otherwise.
  peer_ready next_ready(deadline until = in(patience));
  peer_failed next_failure(deadline until = in(patience));

  struct connected_pair {
    raw_peer remote;
    peer_ready peer; ///< Holds the client.
  };
  /// A peer that connected to us, after the handshake.
  connected_pair inbound(const raw_identity& remote = {});
  /// A peer that we dialed, after the handshake.
  connected_pair outbound(const raw_identity& remote = {});

  /// From now on results of inbound handshakes find no sink.
  void ignore_inbound_results() { deaf_->store(true); }
  /// A sink whose last handle is the one returned.
  peer_sink another_sink();
  /// The newest inbound handshake, each once; waits for it, throws at the deadline.
  caf::actor newest_handshake();

  template <class Reply, class Handle, class Request>
  asked<Reply> ask(const Handle& to, Request what) {
    return {system_, to, std::move(what)};
  }
  /// Asks and waits; throws if the answer is an error.
  template <class Reply, class Handle, class Request>
  Reply get(const Handle& to, Request what) {
    auto result = ask<Reply>(to, std::move(what)).wait();
    if (!result.value)
      throw std::runtime_error("a request failed: " + system_.render(*result.failure));
    return std::move(*result.value);
  }
  peer_snapshot snapshot_of(const client_actor& client) {
    return get<peer_snapshot>(client, get_peer_snapshot{});
  }

  // -- with a manager ------------------------------------------------------------------

  const peer_manager_actor& manager() const { return manager_; }
  node_snapshot snapshot() { return get<node_snapshot>(manager_, get_node_snapshot{}); }
  /// The peer at the other end of `remote`; nothing if there is none.
  std::optional<peer_snapshot> find(const raw_peer& remote);

  // -- what must come back to where it was ---------------------------------------------

  resources now();
  /// As it was without any peer.
  bool is_at_baseline() { return now() == baseline_; }
  /// The value of `now` as soon as it equals the earlier one, at the latest at the
  /// deadline.
  resources settled_at(const resources& expected, deadline until = in(patience)) {
    eventually([&] { return now() == expected; }, until);
    return now();
  }
  bool returns_to_baseline(deadline until = in(patience)) {
    return settled_at(baseline_, until) == baseline_;
  }
  const resources& baseline() const { return baseline_; }

  caf::actor_system& system() { return system_; }

private:
  gone_with_threads threads_; ///< First, so that it ends last.
  std::shared_ptr<socket_provider> sockets_ = make_sockets();
  actor_system_config config_;
  caf::actor_system system_{config_};

public:
  node_context_ptr context;

private:
  static std::shared_ptr<socket_provider> make_sockets();

  std::shared_ptr<outcome_queue> outcomes_ = std::make_shared<outcome_queue>();
  std::shared_ptr<std::atomic<bool>> deaf_ = std::make_shared<std::atomic<bool>>(false);
  struct newest;
  std::shared_ptr<newest> newest_;
  endpoint listens_at_;
  peer_sink sink_;
  peer_manager_actor manager_;
  resources baseline_;
};

} // namespace peerage::test
