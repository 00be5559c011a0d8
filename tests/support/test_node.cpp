// SPDX-License-Identifier: MIT
#include "tests/support/test_node.hpp"

#include "actors/chain/chain_service.hpp"
#include "actors/interfaces/peer.hpp"
#include "actors/transport/asio_sockets.hpp"

#include <malloc.h>
#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace peerage::test {

/// The newest inbound handshake, by a weak address: a handshake has no holder.
struct test_node::newest {
  std::mutex mutex;
  std::condition_variable changed;
  caf::actor_addr handshake;
};

namespace {

std::size_t entries_of(const char* folder) {
  std::size_t result = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder))
    ++result;
  return result;
}

using collector_actor = peer_sink::extend<caf::reacts_to<accepted>>;

struct collector_state {
  collector_state() = default;

  acceptor_ptr acceptor;
  static inline const char* name = "collector";
};

peer_sink::behavior_type sink_behavior(peer_sink::pointer,
                                       const std::shared_ptr<outcome_queue>& to) {
  return {
    [to](const peer_ready& x) { to->push(x); },
    [to](const peer_failed& x) { to->push(x); },
  };
}

collector_actor::behavior_type
collector(collector_actor::stateful_pointer<collector_state> self,
          const node_context_ptr& context, acceptor_ptr acceptor,
          const std::shared_ptr<outcome_queue>& outcomes,
          const std::function<void(const caf::actor&)>& on_handshake,
          const std::shared_ptr<std::atomic<bool>>& deaf) {
  self->state.acceptor = std::move(acceptor);
  self->state.acceptor->start(caf::actor_cast<caf::strong_actor_ptr>(self), 0, 64);
  return {
    [outcomes](const peer_ready& x) { outcomes->push(x); },
    [outcomes](const peer_failed& x) { outcomes->push(x); },
    [self, context, outcomes, on_handshake, deaf](const accepted& x) {
      self->state.acceptor->grant(1);
      auto sink =
        *deaf ? self->spawn(sink_behavior, outcomes) : caf::actor_cast<peer_sink>(self);
      on_handshake(accept(self->system(), context, x.connection, sink));
    },
  };
}

} // namespace

bool eventually(const std::function<bool()>& holds, deadline until) {
  while (!holds()) {
    if (wall_clock::now() >= until)
      return false;
    ::poll(nullptr, 0, 1);
  }
  return true;
}

std::size_t open_descriptors() {
  return entries_of("/proc/self/fd");
}

std::size_t running_threads() {
  constexpr unsigned long exiting = 4; // PF_EXITING, see proc(5)
  std::size_t result = 0;
  std::error_code gone;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", gone)) {
    std::ifstream file(task.path() / "stat");
    std::string text;
    if (!std::getline(file, text))
      continue;
    std::istringstream rest(text.substr(text.rfind(')') + 1));
    std::string skipped; // state, parent, group, session, terminal, its group
    for (int i = 0; i < 6; ++i)
      rest >> skipped;
    unsigned long flags = 0;
    rest >> flags;
    result += (flags & exiting) == 0;
  }
  return result;
}

std::size_t resident_bytes() {
  ::malloc_trim(0);
  std::size_t all = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::size_t allocated_bytes() {
  auto info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

void outcome_queue::push(outcome x) {
  std::lock_guard guard{mutex_};
  waiting_.push_back(std::move(x));
  changed_.notify_all();
}

std::optional<outcome> outcome_queue::pop(deadline until) {
  std::unique_lock guard{mutex_};
  if (!changed_.wait_until(guard, until, [this] { return !waiting_.empty(); }))
    return std::nullopt;
  auto result = std::move(waiting_.front());
  waiting_.pop_front();
  return result;
}

std::size_t outcome_queue::size() const {
  std::lock_guard guard{mutex_};
  return waiting_.size();
}

void outcome_queue::clear() {
  std::lock_guard guard{mutex_};
  waiting_.clear();
}

std::optional<caf::error> end_watch::wait(deadline until) {
  std::optional<caf::error> result;
  self_->receive([&](const caf::down_msg& x) { result = x.reason; },
                 caf::after(until - wall_clock::now()) >> [] {});
  return result;
}

std::shared_ptr<socket_provider> test_node::make_sockets() {
  return make_asio_sockets(dial_reach::loopback);
}

test_node::test_node(test_node_options options)
    : context(std::make_shared<node_context>(wire::parameters(wire::network::regtest),
                                             std::nullopt)),
      newest_(std::make_shared<newest>()) {
  context->sockets = sockets_;
  context->service =
    options.service
      ? options.service(system_)
      : system_.spawn(chain_service, std::shared_ptr<const regtest_chain>{});
  if (options.adjust)
    options.adjust(*context);
  std::string error;
  auto acceptor =
    sockets_->listen(ipv4_endpoint(127, 0, 0, 1, 0), context->network.magic, error);
  if (!acceptor)
    throw std::runtime_error(error);
  listens_at_ = acceptor->local();
  if (options.managed) {
    peer_manager_options what;
    what.acceptors.push_back(std::move(acceptor));
    what.max_inbound = options.max_inbound;
    manager_ = start_peer_manager(system_, context, std::move(what));
    snapshot(); // by now all of the manager's children run
  } else {
    context->alarms = system_.spawn(alarm_clock);
    auto remember = [newest = newest_](const caf::actor& x) {
      std::lock_guard guard{newest->mutex};
      newest->handshake = x.address();
      newest->changed.notify_all();
    };
    sink_ = caf::actor_cast<peer_sink>(
      system_.spawn(collector, context, std::move(acceptor), outcomes_,
                    std::function<void(const caf::actor&)>(remember), deaf_));
  }
  baseline_ = now();
}

test_node::~test_node() {
  outcomes_->clear();
  if (manager_) {
    caf::anon_send_exit(manager_, caf::exit_reason::user_shutdown);
    end_watch{system_, manager_}.wait();
  } else {
    caf::anon_send_exit(sink_, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(context->alarms, caf::exit_reason::user_shutdown);
  }
  caf::anon_send_exit(context->service, caf::exit_reason::user_shutdown);
  // An actor that still runs may still use the context.
  if (!eventually([this] { return system_.registry().running() == 0; })) {
    std::fprintf(stderr, "%zu actors of a test did not end\n",
                 system_.registry().running());
    std::abort();
  }
  outcomes_->clear();
  sink_ = nullptr;
  manager_ = nullptr;
  context->alarms = nullptr;
  context->service = nullptr;
}

peer_ready test_node::next_ready(deadline until) {
  auto next = next_outcome(until);
  if (!next)
    throw std::runtime_error("no peer came in time");
  if (auto* failed = std::get_if<peer_failed>(&*next))
    throw std::runtime_error("no peer: " + std::string(to_string(failed->reason)));
  return std::get<peer_ready>(std::move(*next));
}

peer_failed test_node::next_failure(deadline until) {
  auto next = next_outcome(until);
  if (!next)
    throw std::runtime_error("no failure came in time");
  if (std::holds_alternative<peer_ready>(*next))
    throw std::runtime_error("a peer came instead of a failure");
  return std::get<peer_failed>(*next);
}

test_node::connected_pair test_node::inbound(const raw_identity& remote) {
  auto socket = raw_peer::connect(listens_at_);
  socket.shake_hands(remote);
  return {std::move(socket), next_ready()};
}

test_node::connected_pair test_node::outbound(const raw_identity& remote) {
  raw_listener listener;
  dial(listener.local());
  auto socket = listener.accept();
  socket.answer_handshake(remote);
  return {std::move(socket), next_ready()};
}

peer_sink test_node::another_sink() {
  return system_.spawn(sink_behavior, outcomes_);
}

caf::actor test_node::newest_handshake() {
  std::unique_lock guard{newest_->mutex};
  // Its first messages may be out before the handle is here.
  if (!newest_->changed.wait_for(guard, patience,
                                 [this] { return newest_->handshake != nullptr; }))
    throw std::runtime_error("no handshake has begun");
  return caf::actor_cast<caf::actor>(std::exchange(newest_->handshake, nullptr));
}

std::optional<peer_snapshot> test_node::find(const raw_peer& remote) {
  for (auto& entry : get<peer_snapshots>(manager_, get_peer_snapshots{}).entries)
    if (entry.info.remote == remote.local())
      return entry;
  return std::nullopt;
}

resources test_node::now() {
  return {system_.registry().running() - test_actor::alive(), open_descriptors(),
          running_threads()};
}

} // namespace peerage::test
