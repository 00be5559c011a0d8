#include "actors/peer_manager.hpp"

#include "actors/discovery/dialer.hpp"
#include "actors/discovery/listener.hpp"

#include <caf/actor_registry.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/thread_hook.hpp>
#include <spdlog/spdlog.h>

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

namespace peerage {

/// Order is the order of an orderly stop: who brings new peers ends before the peers do,
/// who is used by all ends last.
struct peer_manager_state {
  peer_manager_state() = default;
  peer_manager_state(const peer_manager_state&) = delete;
  peer_manager_state& operator=(const peer_manager_state&) = delete;
  /// However the manager ends. The children hold each other, and the clock itself.
  ~peer_manager_state() {
    for (const auto& child :
         {caf::actor_cast<caf::actor>(listener), caf::actor_cast<caf::actor>(dialer),
          caf::actor_cast<caf::actor>(peers)})
      caf::anon_send_exit(child, caf::exit_reason::user_shutdown);
    if (context)
      caf::anon_send_exit(context->alarms, caf::exit_reason::user_shutdown);
  }

  peer_context_ptr context;
  std::vector<std::string> listening;
  listener_actor listener;
  dialer_actor dialer;
  peer_set_actor peers;
  time_point started;

  enum class stop_phase : std::uint8_t { running, intake, peers };
  stop_phase phase = stop_phase::running;
  std::vector<caf::actor_addr> running; ///< Children that have not ended.
  std::vector<caf::actor_addr> awaited; ///< What has to end before the next phase.
  caf::error reason;
  caf::strong_actor_ptr keep; ///< Ourselves, while we stop: who asked may not wait.
  static inline const char* name = "peer_manager";
};

namespace {

using self_pointer = peer_manager_actor::stateful_pointer<peer_manager_state>;
using stop_phase = peer_manager_state::stop_phase;

constexpr std::chrono::seconds ask_timeout{1};
constexpr std::uint64_t stop_alarm = 1;

template <class Handle>
void end_child(self_pointer self, const Handle& child) {
  auto& state = self->state;
  if (std::ranges::find(state.running, child.address()) == state.running.end())
    return; // crashed before
  state.awaited.push_back(child.address());
  self->send_exit(child, caf::exit_reason::user_shutdown);
}

void finish(self_pointer self) {
  self->quit(self->state.reason);
}

void next_phase(self_pointer self) {
  auto& state = self->state;
  if (!state.awaited.empty())
    return;
  if (state.phase == stop_phase::intake) {
    state.phase = stop_phase::peers;
    end_child(self, state.peers);
    if (!state.awaited.empty())
      return;
  }
  finish(self);
}

void stop(self_pointer self, caf::error reason) {
  auto& state = self->state;
  if (state.phase != stop_phase::running)
    return;
  state.phase = stop_phase::intake;
  state.keep = caf::actor_cast<caf::strong_actor_ptr>(self);
  state.reason = std::move(reason);
  self->send(state.context->alarms,
             set_alarm{stop_alarm, self->clock().now() + stop_deadline});
  end_child(self, state.listener);
  end_child(self, state.dialer);
  next_phase(self);
}

void on_down(self_pointer self, const caf::down_msg& x) {
  auto& state = self->state;
  std::erase(state.running, x.source);
  if (std::erase(state.awaited, x.source) == 0) {
    spdlog::critical("an actor of the peer manager ended by itself ({}); stopping",
                     self->system().render(x.reason));
    stop(self, caf::make_error(peer_exit::internal_error));
  }
  if (state.phase != stop_phase::running)
    next_phase(self);
}

void force_stop(self_pointer self) {
  auto& state = self->state;
  spdlog::error("the peer manager did not stop within {} s; ending what is left by force",
                stop_deadline.count());
  for (const auto& child : state.awaited)
    if (auto actor = caf::actor_cast<caf::actor>(child))
      self->send_exit(actor, caf::exit_reason::kill);
  self->send_exit(state.peers, caf::exit_reason::kill);
  finish(self);
}

caf::result<node_snapshot> describe(self_pointer self) {
  struct gathering {
    node_snapshot found;
    caf::typed_response_promise<node_snapshot> promise;
    std::size_t missing = 3;
    void one_less() {
      if (--missing == 0)
        promise.deliver(std::move(found));
    }
  };
  auto& state = self->state;
  auto all = std::make_shared<gathering>();
  all->promise = self->make_response_promise<node_snapshot>();
  auto& found = all->found;
  found.version = PEERAGE_VERSION;
  found.network = state.context->network.name;
  found.user_agent = state.context->identity.user_agent;
  found.pid = static_cast<std::uint64_t>(::getpid());
  found.uptime =
    std::chrono::duration<double>(self->clock().now() - state.started).count();
  found.listening = state.listening;
  found.bytes_received = state.context->sockets->totals().received;
  found.bytes_sent = state.context->sockets->totals().sent;
  found.actors = self->system().registry().running();
  auto failed = [all](caf::error&) { all->one_less(); };
  auto add_failures = [](node_snapshot& to, const discovery_counts& from) {
    for (std::size_t i = 0; i < to.failures.size(); ++i)
      to.failures[i] += from.failures[i];
  };
  self->request(state.peers, ask_timeout, get_peer_set_snapshot{})
    .then(
      [all](const peer_set_snapshot& x) {
        all->found.peers = x;
        all->found.can_serve = x.ready > 0;
        all->one_less();
      },
      failed);
  self->request(state.dialer, ask_timeout, get_discovery_counts{})
    .then(
      [all, add_failures](const discovery_counts& x) {
        all->found.dials_in_flight = x.in_flight;
        add_failures(all->found, x);
        all->one_less();
      },
      failed);
  self->request(state.listener, ask_timeout, get_discovery_counts{})
    .then(
      [all, add_failures](const discovery_counts& x) {
        all->found.handshakes_in_flight = x.in_flight;
        add_failures(all->found, x);
        all->one_less();
      },
      failed);
  return all->promise;
}

} // namespace

peer_manager_actor::behavior_type
peer_manager(self_pointer self, peer_context_ptr context, peer_manager_options options) {
  auto& state = self->state;
  state.context = std::move(context);
  state.started = self->clock().now();
  for (const auto& acceptor : options.acceptors)
    state.listening.push_back(to_string(acceptor->local()));
  state.listener =
    self->spawn<caf::monitored>(listener, state.context, std::move(options.acceptors),
                                inbound_limits{options.max_inbound, options.max_per_ip});
  state.dialer = self->spawn<caf::monitored>(dialer, state.context, options.pinned,
                                             options.max_outbound);
  state.peers = self->spawn<caf::monitored>(
    peer_set,
    std::vector{caf::actor_cast<peer_observer_actor>(state.listener),
                caf::actor_cast<peer_observer_actor>(state.dialer)},
    options.quiet);
  state.running = {state.listener.address(), state.dialer.address(),
                   state.peers.address()};
  self->send(state.listener, attach_peer_set{state.peers});
  self->send(state.dialer, attach_peer_set{state.peers});

  self->set_down_handler([self](caf::down_msg& x) { on_down(self, x); });
  self->set_exit_handler([self](caf::exit_msg& x) { stop(self, x.reason); });
  return {
    [self](get_node_snapshot) { return describe(self); },
    [self](get_peer_snapshots x) { return self->delegate(self->state.peers, x); },
    [self](caf::get_atom) { return self->state.peers; },
    [self](const alarm&) { force_stop(self); },
  };
}

peer_manager_actor start_peer_manager(caf::actor_system& system, peer_context_ptr context,
                                      peer_manager_options options) {
  if (!context->alarms)
    context->alarms = system.spawn(alarm_clock);
  return system.spawn(peer_manager, std::move(context), std::move(options));
}

namespace {

/// Workers do not preempt whoever wakes them: on few cores the I/O thread then reads what
/// is there from all peers before the first batch is worked on.
class patient_workers : public caf::thread_hook {
public:
  void init(caf::actor_system&) override {}
  void thread_started() override {
    sched_param none{};
    ::sched_setscheduler(0, SCHED_BATCH,
                         &none); // a hint: failing costs nothing but speed
  }
  void thread_terminates() override {}
};

} // namespace

node_system_config::node_system_config() {
  add_thread_hook<patient_workers>();
  add_message_types<caf::id_block::peerage_messages>();
  // One queue that workers sleep on: work stealing would poll, and on few cores take the
  // time of those who have work.
  set("scheduler.policy", caf::atom("sharing"));
  set("scheduler.max-threads",
      std::max<std::size_t>(std::thread::hardware_concurrency(), 2));
}

} // namespace peerage
