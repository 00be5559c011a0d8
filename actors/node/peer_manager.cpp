// SPDX-License-Identifier: MIT
#include "actors/node/peer_manager.hpp"

#include "actors/addresses/address_book.hpp"
#include "actors/addresses/crawler.hpp"
#include "actors/addresses/dns_seeds.hpp"
#include "actors/admission/listener.hpp"
#include "actors/bans/ban_manager.hpp"
#include "actors/base/gathering.hpp"
#include "actors/base/log.hpp"
#include "actors/dialing/dialer.hpp"
#include "actors/events/event_log.hpp"
#include "actors/interfaces/addresses.hpp"
#include "actors/interfaces/admission.hpp"
#include "actors/interfaces/attempts.hpp"
#include "actors/interfaces/bans.hpp"
#include "actors/interfaces/broadcasts.hpp"
#include "actors/interfaces/dialing.hpp"
#include "actors/interfaces/events.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "actors/node/inbound_dispatcher.hpp"
#include "actors/storage/saver.hpp"
#include "actors/storage/state_saver.hpp"
#include "actors/transport/own_addresses.hpp"
#include "messages/checks/expects.hpp"
#include "messages/version.hpp"

#include <caf/actor_registry.hpp>
#include <caf/sec.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

#include <unistd.h>

#include <algorithm>

namespace peerage {

struct peer_manager_state {
  peer_manager_state() = default;
  peer_manager_state(const peer_manager_state&) = delete;
  peer_manager_state& operator=(const peer_manager_state&) = delete;
  /// Ends the children after any end of the manager: they hold each other, and the clock
  /// itself.
  ~peer_manager_state() {
    for (const auto& stage : stages)
      for (const auto& child : stage)
        caf::anon_send_exit(child, caf::exit_reason::user_shutdown);
    if (context)
      caf::anon_send_exit(context->alarms, caf::exit_reason::user_shutdown);
  }

  node_context_ptr context;
  std::vector<std::string> listening;
  listener_actor listener;
  dialer_actor dialer;
  peer_set_actor peers;
  address_book_actor book;
  ban_manager_actor ban_manager;
  event_log_actor events;
  bool network_active = true;
  time_point started;

  /// The children, in the order of an orderly stop: sources of peers, the peers, shared
  /// owners, the saver.
  std::vector<std::vector<caf::actor>> stages;
  std::vector<endpoint> own;            ///< Where we listen.
  std::optional<std::size_t> stopping;  ///< The stage that is told to end.
  std::int64_t stop_steps = 0;          ///< Left of the stop's deadline.
  std::vector<caf::actor_addr> running; ///< Children that have not ended.
  std::vector<caf::actor_addr> awaited; ///< To end before the next stage.
  caf::error reason;
  caf::strong_actor_ptr keep; ///< Itself, during a stop without a waiting caller.
  static inline const char* name = "peer_manager";
};

namespace {

using peer_manager_pointer = peer_manager_actor::stateful_pointer<peer_manager_state>;

constexpr std::chrono::seconds ask_timeout{1};
constexpr std::uint64_t stop_alarm = 1;
/// The stop's deadline passes in steps of this length: a process that is suspended
/// meanwhile loses one of them, not its deadline.
constexpr std::chrono::milliseconds stop_step{250};

void tell_event(peer_manager_pointer self, event_type type,
                std::string_view evidence = {}) {
  event what;
  what.type = type;
  what.started_by = initiator::user;
  what.evidence = evidence;
  record(self, *self->state.context, std::move(what));
}

// -- stopping --------------------------------------------------------------------------

/// Tells a stage to end; goes on to the next one if none of it is left.
void end_stage(peer_manager_pointer self, std::size_t stage) {
  auto& state = self->state;
  for (; stage < state.stages.size(); ++stage) {
    state.stopping = stage;
    for (const auto& child : state.stages[stage]) {
      if (std::ranges::find(state.running, child.address()) == state.running.end())
        continue; // crashed before
      state.awaited.push_back(child.address());
      self->send_exit(child, caf::exit_reason::user_shutdown);
    }
    if (!state.awaited.empty())
      return;
  }
  self->quit(state.reason);
}

void wait_a_step(peer_manager_pointer self) {
  self->send(self->state.context->alarms,
             set_alarm{stop_alarm, self->clock().now() + stop_step});
}

void stop(peer_manager_pointer self, caf::error reason) {
  auto& state = self->state;
  if (state.stopping)
    return;
  state.keep = caf::actor_cast<caf::strong_actor_ptr>(self);
  state.reason = std::move(reason);
  tell_event(self, event_type::node_stopping);
  state.stop_steps = stop_deadline / stop_step;
  wait_a_step(self);
  end_stage(self, 0);
}

void on_down(peer_manager_pointer self, const caf::down_msg& x) {
  auto& state = self->state;
  std::erase(state.running, x.source);
  if (std::erase(state.awaited, x.source) == 0) {
    log::critical("an actor of the peer manager ended by itself ({}); stopping",
                  self->system().render(x.reason));
    stop(self, caf::make_error(peer_exit::internal_error));
    return;
  }
  if (x.reason == caf::sec::runtime_error) // it could not save its state
    state.reason = x.reason;
  if (state.awaited.empty())
    end_stage(self, *state.stopping + 1);
}

void force_stop(peer_manager_pointer self) {
  auto& state = self->state;
  log::write(log::always(log::level::error),
             "the peer manager did not stop within {} s; ending what is left by force",
             stop_deadline.count());
  for (const auto& stage : state.stages)
    for (const auto& child : stage)
      self->send_exit(child, caf::exit_reason::kill);
  self->quit(not_saved("the stop took too long, and what has changed since the last save "
                       "may be lost"));
}

// -- snapshots -------------------------------------------------------------------------

/// What the manager knows itself.
node_snapshot describe_own(peer_manager_pointer self) {
  const auto& state = self->state;
  node_snapshot found;
  found.version = program_version();
  found.network = state.context->network.name;
  found.user_agent = state.context->identity.user_agent;
  found.pid = static_cast<std::uint64_t>(::getpid());
  found.uptime =
    std::chrono::duration<double>(self->clock().now() - state.started).count();
  found.listening = state.listening;
  found.bytes_received = state.context->sockets->totals().received;
  found.bytes_sent = state.context->sockets->totals().sent;
  found.actors = self->system().registry().running();
  found.network_active = state.network_active;
  return found;
}

void add_failures(node_snapshot& to, const attempt_counts& from) {
  for (std::size_t i = 0; i < to.failures.size(); ++i)
    to.failures[i] += from.failures[i];
}

caf::result<node_snapshot> describe(peer_manager_pointer self) {
  auto& state = self->state;
  auto promise = self->make_response_promise<node_snapshot>();
  auto all = std::make_shared<gathering<node_snapshot>>(
    [promise](node_snapshot&& x) mutable { promise.deliver(std::move(x)); });
  all->found = describe_own(self);
  all->ask<peer_set_snapshot>(self, state.peers, ask_timeout, get_peer_set_snapshot{},
                              [](node_snapshot& to, const peer_set_snapshot& x) {
                                to.peers = x;
                                to.can_serve = x.ready > 0;
                              });
  all->ask<attempt_counts>(self, state.dialer, ask_timeout, get_attempt_counts{},
                           [](node_snapshot& to, const attempt_counts& x) {
                             to.dials_in_flight = x.in_flight;
                             add_failures(to, x);
                           });
  all->ask<attempt_counts>(self, state.listener, ask_timeout, get_attempt_counts{},
                           [](node_snapshot& to, const attempt_counts& x) {
                             to.handshakes_in_flight = x.in_flight;
                             add_failures(to, x);
                           });
  all->ask<address_book_snapshot>(self, state.book, ask_timeout,
                                  get_address_book_snapshot{},
                                  [](node_snapshot& to, const address_book_snapshot& x) {
                                    to.known_addresses = x.total;
                                    for (const auto& network : x.networks)
                                      to.tried_addresses += network.in_tried;
                                  });
  all->ask<bans>(self, state.ban_manager, ask_timeout, get_bans{},
                 [](node_snapshot& to, const bans& x) { to.bans = x.entries.size(); });
  if (state.events)
    all->ask<event_batch>(self, state.events, ask_timeout, get_events{1, 0, {}, {}},
                          [](node_snapshot& to, const event_batch& x) {
                            to.first_event = x.first;
                            to.next_event = x.last;
                          });
  all->close();
  return promise;
}

// -- starting --------------------------------------------------------------------------

template <class Handle>
void adopt(peer_manager_pointer self, std::size_t stage, const Handle& child) {
  auto& state = self->state;
  self->monitor(child);
  if (state.stages.size() <= stage)
    state.stages.resize(stage + 1);
  state.stages[stage].push_back(caf::actor_cast<caf::actor>(child));
  state.running.push_back(child.address());
}

enum stage : std::size_t { intake, peers, memory, disk };

/// On regtest all peers are on loopback.
bool is_local(const node_context& context) {
  return context.network.id == wire::network::regtest;
}

connection_limits caps_of(const peer_manager_options& options,
                          const node_context& context) {
  return {options.max_inbound, options.max_per_ip, options.max_per_subnet,
          is_local(context)};
}

/// What is only needed while children are started.
struct starting {
  peer_manager_options& options;
  saver_actor files{};
  crawler_actor crawling{};
  dns_seeds_actor seeds{};
};

/// The owners of what all others share, and the SAVER, which writes it to the disk.
void start_memory(peer_manager_pointer self, starting& x) {
  auto& state = self->state;
  const auto& context = state.context;
  const auto& options = x.options;
  if (options.keep_events) {
    PEERAGE_EXPECTS(!context->events);
    state.events =
      self->spawn(event_log, context->alarms, context->merger, context->wall);
    context->events = state.events;
    adopt(self, disk, state.events);
    tell_event(self, event_type::node_started);
  }
  if (!options.directory.empty()) {
    x.files =
      options.saver ? options.saver : self->spawn<caf::detached>(saver, context->disk);
    adopt(self, disk, x.files);
  }
  auto manual = options.manual;
  for (const auto& added : options.added)
    if (added.remote)
      manual.push_back(*added.remote);
  state.ban_manager =
    self->spawn(ban_manager, context,
                ban_manager_options{options.directory, x.files, manual, options.shared,
                                    options.save_every});
  adopt(self, memory, state.ban_manager);
  context->ban_manager = caf::actor_cast<misbehaviour_sink>(state.ban_manager);
  address_book_options book;
  book.directory = options.directory;
  book.saver = x.files;
  book.allow_unroutable = is_local(*context);
  book.reach = context->sockets->reach();
  book.own = state.own;
  book.ban_manager = context->ban_manager;
  book.save_every = options.save_every;
  book.failed_pause = discovered_backoff.first;
  state.book = self->spawn(address_book, context, std::move(book));
  adopt(self, memory, state.book);
}

/// The sources of peers, and of addresses to dial.
void start_intake(peer_manager_pointer self, starting& x) {
  auto& state = self->state;
  const auto& context = state.context;
  auto& options = x.options;
  dialer_options dialing;
  dialing.manual = options.manual;
  dialing.names = options.names;
  dialing.resolver = options.resolver;
  dialing.added = options.added;
  dialing.limits.reach = context->sockets->reach();
  dialing.limits.own = state.own;
  dialing.limits.networks = options.networks;
  dialing.limits.max_outbound = options.max_outbound;
  dialing.limits.caps = caps_of(options, *context);
  if (!is_local(*context))
    dialing.limits.needed_services = wire::node_network;
  dialing.directory = options.directory;
  dialing.saver = x.files;
  dialing.save_every = options.save_every;
  state.dialer = self->spawn(dialer, context, std::move(dialing));
  adopt(self, intake, state.dialer);
  state.listener = self->spawn(
    listener, context, std::move(options.acceptors),
    inbound_limits{options.max_inbound, options.max_per_ip, options.max_per_subnet},
    context->ban_manager);
  adopt(self, intake, state.listener);
  if (!options.discover)
    return;
  x.crawling = self->spawn(crawler, context, state.book);
  adopt(self, intake, x.crawling);
  x.seeds = self->spawn(dns_seeds, context, state.book,
                        options.ask_dns_seeds ? options.resolver : nullptr);
  adopt(self, intake, x.seeds);
}

/// The set, and what stands between its peers and the node.
void start_set(peer_manager_pointer self, const starting& x) {
  auto& state = self->state;
  const auto& context = state.context;
  peer_set_options set;
  set.observers = {caf::actor_cast<peer_observer_actor>(state.listener),
                   caf::actor_cast<peer_observer_actor>(state.dialer),
                   caf::actor_cast<peer_observer_actor>(state.book),
                   caf::actor_cast<peer_observer_actor>(state.ban_manager)};
  if (x.crawling)
    set.observers.push_back(caf::actor_cast<peer_observer_actor>(x.crawling));
  set.observers.insert(set.observers.end(), x.options.observers.begin(),
                       x.options.observers.end());
  set.node_service = context->service;
  set.caps = caps_of(x.options, *context);
  set.published = x.options.published;
  set.quiet = x.options.quiet;
  set.ban_manager = caf::actor_cast<find_suspects_source>(state.ban_manager);
  state.peers = self->spawn(peer_set, context, std::move(set));
  adopt(self, peers, state.peers);
  auto dispatcher = self->spawn(inbound_dispatcher, context->service,
                                caf::actor_cast<inventory_sink>(state.peers), state.book);
  adopt(self, memory, dispatcher);
  context->dispatcher = dispatcher;
}

/// Makes them known to each other. LISTENER and DIALER come last: from then on there are
/// peers.
void introduce(peer_manager_pointer self, const starting& x) {
  auto& state = self->state;
  attach_address_users users;
  users.peers = caf::actor_cast<tell_addresses_sink>(state.peers);
  if (x.crawling) {
    users.seekers = {caf::actor_cast<crawl_wanted_sink>(x.crawling),
                     caf::actor_cast<crawl_wanted_sink>(x.seeds)};
    users.observers = {caf::actor_cast<address_observer_actor>(state.dialer),
                       caf::actor_cast<address_observer_actor>(x.seeds)};
    self->send(x.crawling, attach_crawl_target{
                             caf::actor_cast<gather_addresses_source>(state.peers)});
  }
  self->send(state.book, std::move(users));
  self->send(state.ban_manager,
             attach_ban_users{{caf::actor_cast<ban_observer_actor>(state.listener),
                               caf::actor_cast<ban_observer_actor>(state.dialer),
                               caf::actor_cast<ban_observer_actor>(state.book),
                               caf::actor_cast<ban_observer_actor>(state.peers)},
                              caf::actor_cast<end_peer_sink>(state.peers)});
  self->send(state.listener,
             attach_peer_set{caf::actor_cast<inbound_peers_sink>(state.peers)});
  self->send(state.dialer,
             attach_discovery{state.peers,
                              x.options.discover ? state.book : address_book_actor{},
                              state.ban_manager});
}

} // namespace

peer_manager_actor::behavior_type peer_manager(peer_manager_pointer self,
                                               node_context_ptr context,
                                               peer_manager_options options) {
  auto& state = self->state;
  state.context = std::move(context);
  state.started = self->clock().now();
  for (const auto& acceptor : options.acceptors)
    state.listening.push_back(to_string(acceptor->local()));
  self->set_down_handler([self](caf::down_msg& x) { on_down(self, x); });
  self->set_exit_handler([self](caf::exit_msg& x) { stop(self, x.reason); });
  for (const auto& acceptor : options.acceptors)
    std::ranges::copy(own_addresses(acceptor->local()), std::back_inserter(state.own));
  starting children{options};
  start_memory(self, children);
  start_intake(self, children);
  start_set(self, children);
  introduce(self, children);
  return {
    [self](get_node_snapshot) { return describe(self); },
    [self](get_peer_snapshots x) { return self->delegate(self->state.peers, x); },
    [self](const set_network_active& x) {
      auto& our = self->state;
      if (std::exchange(our.network_active, x.active) == x.active)
        return;
      tell_event(self, event_type::network_active_changed, x.active ? "on" : "off");
      self->send(our.listener, x);
      self->send(our.dialer, x);
      self->send(our.peers, x);
    },
    [self](get_node_handles) {
      auto& our = self->state;
      return node_handles{our.context, our.peers,       our.dialer, our.listener,
                          our.book,    our.ban_manager, our.events};
    },
    [self](caf::get_atom) { return self->state.peers; },
    [self](const alarm&) {
      if (--self->state.stop_steps > 0)
        wait_a_step(self);
      else
        force_stop(self);
    },
  };
}

peer_manager_actor start_peer_manager(caf::actor_system& system, node_context_ptr context,
                                      peer_manager_options options) {
  if (!context->alarms)
    context->alarms = system.spawn(alarm_clock);
  return system.spawn(peer_manager, std::move(context), std::move(options));
}

} // namespace peerage
