// SPDX-License-Identifier: MIT
#include "actors/library/node.hpp"

#include "actors/interfaces/dialing.hpp"
#include "actors/interfaces/node.hpp"
#include "actors/node/peer_manager.hpp"
#include "actors/peer/node_context.hpp"
#include "actors/storage/data_directory.hpp"
#include "actors/transport/asio_sockets.hpp"
#include "actors/transport/resolver.hpp"
#include "messages/host_name.hpp"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/sec.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <utility>

namespace peerage {

namespace {

/// Of questions that are answered at once, or not at all.
constexpr std::chrono::seconds question_timeout{5};

/// Asks the EVENT_LOG for more until it ends.
class event_reader {
public:
  explicit event_reader(std::function<void(const event&)> to) : to_(std::move(to)) {}

  void read(caf::event_based_actor* self, const event_log_actor& log) {
    get_events question;
    question.from = next_;
    question.wait = std::chrono::hours{1};
    self->request(log, caf::infinite, std::move(question))
      .then(
        [this, self, log](const event_batch& x) {
          for (const auto& entry : x.entries)
            to_(entry);
          next_ = x.next;
          read(self, log);
        },
        [self](const caf::error&) { self->quit(); });
  }

private:
  std::function<void(const event&)> to_;
  std::uint64_t next_ = 1;
};

/// A peer as people name it.
struct named_place {
  std::optional<endpoint> at;
  std::optional<host_name> name;
};

std::optional<named_place> parse_place(const std::string& text, std::uint16_t port) {
  endpoint at;
  if (parse_endpoint(text, port, at))
    return named_place{at, std::nullopt};
  host_name name;
  if (parse_host_name(text, port, name))
    return named_place{std::nullopt, name};
  return std::nullopt;
}

dial_reach reach_of(const node_options& options, const wire::network_parameters& on) {
  return options.reach.value_or(on.id == wire::network::regtest ? dial_reach::home
                                                                : dial_reach::everywhere);
}

} // namespace

// -- answers ---------------------------------------------------------------------------

std::string to_string(const request_failure& x) {
  std::string result{to_string(x.error)};
  if (x.error == request_error::peer_gone)
    result.append(": ").append(to_string(x.peer_ended));
  return result;
}

request_failed::request_failed(const request_failure& x)
    : std::runtime_error("a request has failed: " + to_string(x)), failure(x) {}

// -- the node --------------------------------------------------------------------------

/// Members are destroyed in reverse order: an actor system of our own waits for the last
/// actors, and the sockets outlive these.
struct node::parts {
  const wire::network_parameters* network = nullptr;
  std::unique_ptr<data_directory> folder;
  std::shared_ptr<socket_provider> sockets;
  std::unique_ptr<actor_system_config> config;
  std::unique_ptr<caf::actor_system> own_system;
  caf::actor_system* system = nullptr;
  node_context_ptr context;
  inbound_service_actor own_service;
  std::vector<std::string> listening;
  peer_manager_actor manager;
  node_handles handles;
  std::future<void> ended;
  /// Of the actors that call functions of the program.
  std::vector<std::future<void>> callers_ended;

  void open(const node_options& options, peer_manager_options& wanted);
  void start(node_options&& options, peer_manager_options&& wanted);
  void await_end_of(const caf::strong_actor_ptr& caller);
};

void node::parts::await_end_of(const caf::strong_actor_ptr& caller) {
  auto promise = std::make_shared<std::promise<void>>();
  callers_ended.push_back(promise->get_future());
  caf::actor_cast<caf::abstract_actor*>(caller)->attach_functor(
    [promise] { promise->set_value(); });
}

/// All that can fail for reasons outside.
void node::parts::open(const node_options& options, peer_manager_options& wanted) {
  network = wire::find_network(options.network);
  if (!network)
    throw node_error("network: there is no \"" + options.network +
                     "\" (main, testnet, testnet4, signet, regtest)");
  if (!options.directory.empty()) {
    std::string error;
    folder = data_directory::open(options.directory, *network, error);
    if (!folder)
      throw node_error("directory: " + error);
    wanted.directory = folder->path();
  }
  const auto reach = reach_of(options, *network);
  sockets = make_asio_sockets(reach);
  for (const auto& text : options.listen) {
    endpoint at;
    if (!parse_endpoint(text, network->port, at))
      throw node_error("listen: \"" + text + "\" is not ADDRESS:PORT");
    std::string error;
    auto acceptor = sockets->listen(at, network->magic, error);
    if (!acceptor)
      throw node_error("listen: " + error);
    listening.push_back(to_string(acceptor->local()));
    wanted.acceptors.push_back(std::move(acceptor));
  }
  for (const auto& text : options.connect) {
    const auto place = parse_place(text, network->port);
    if (!place)
      throw node_error("connect: \"" + text + "\" is neither ADDRESS:PORT nor HOST:PORT");
    if (place->name)
      wanted.names.push_back(*place->name);
    else if (const auto why = reach_problem(reach, *place->at); !why.empty())
      throw node_error("connect: " + text + ": it " + std::string(why) +
                       " (see node_options::reach)");
    else
      wanted.manual.push_back(*place->at);
  }
}

void node::parts::start(node_options&& options, peer_manager_options&& wanted) {
  context = std::make_shared<node_context>(*network, options.seed);
  context->timing = options.timing;
  context->identity = options.identity;
  context->sockets = sockets;
  if (options.service_actor) {
    context->service = options.service_actor;
  } else {
    own_service = spawn_service(*system, std::move(options.service));
    context->service = own_service;
    await_end_of(caf::actor_cast<caf::strong_actor_ptr>(own_service));
  }
  wanted.discover = options.discover;
  wanted.ask_dns_seeds = options.ask_dns_seeds;
  wanted.resolver = make_system_resolver();
  wanted.max_outbound = std::max(options.max_outbound, options.connect.size());
  wanted.max_inbound = options.max_inbound;
  wanted.max_per_ip = options.max_per_ip;
  wanted.max_per_subnet = std::max(wanted.max_per_subnet, options.max_per_ip);
  wanted.observers = std::move(options.observers);
  wanted.keep_events = true;
  manager = start_peer_manager(*system, context, std::move(wanted));
  auto promise = std::make_shared<std::promise<void>>();
  ended = promise->get_future();
  caf::actor_cast<caf::abstract_actor*>(manager)->attach_functor(
    [promise, on_end = std::move(options.on_end)](const caf::error& why) {
      if (on_end)
        on_end(why == caf::exit_reason::user_shutdown ? std::string{} : to_string(why));
      promise->set_value();
    });
  caf::scoped_actor self{*system};
  std::string problem;
  self->request(manager, question_timeout, get_node_handles{})
    .receive([&](node_handles& x) { handles = std::move(x); },
             [&](const caf::error& why) { problem = to_string(why); });
  if (!problem.empty())
    throw node_error("the node does not start: " + problem);
  if (!options.on_event)
    return;
  auto reader = std::make_shared<event_reader>(std::move(options.on_event));
  const auto reading =
    system->spawn([log = handles.events, reader](caf::event_based_actor* of_log) {
      reader->read(of_log, log);
      of_log->attach_functor([reader] {}); // as long as the actor
    });
  await_end_of(caf::actor_cast<caf::strong_actor_ptr>(reading));
}

node::node(node_options options) : parts_(new parts, [](parts* x) { delete x; }) {
  peer_manager_options wanted;
  if (options.service_actor || !options.observers.empty())
    throw node_error("service_actor, observers: actors need an actor system of yours");
  parts_->open(options, wanted);
  parts_->config = std::make_unique<actor_system_config>();
  parts_->own_system = std::make_unique<caf::actor_system>(*parts_->config);
  parts_->system = parts_->own_system.get();
  try {
    parts_->start(std::move(options), std::move(wanted));
  } catch (...) {
    stop();
    throw;
  }
}

node::node(caf::actor_system& system, node_options options)
    : parts_(new parts, [](parts* x) { delete x; }) {
  peer_manager_options wanted;
  parts_->open(options, wanted);
  parts_->system = &system;
  try {
    parts_->start(std::move(options), std::move(wanted));
  } catch (...) {
    stop();
    throw;
  }
}

void node::stop() {
  auto& x = *parts_;
  if (!x.manager)
    return;
  caf::anon_send_exit(x.manager, caf::exit_reason::user_shutdown);
  x.handles = {};
  x.ended.wait(); // the manager keeps its own deadline
  x.manager = nullptr;
  x.context->service = nullptr;
  x.context = nullptr;
  caf::anon_send_exit(x.own_service, caf::exit_reason::user_shutdown);
  x.own_service = nullptr;
  for (const auto& caller : x.callers_ended)
    caller.wait(); // the log of events has ended
}

const wire::network_parameters& node::network() const {
  return *parts_->network;
}

std::vector<std::string> node::listening() const {
  return parts_->listening;
}

peer_set_actor node::peer_set() const {
  return parts_->handles.peers;
}

caf::actor_system& node::system() {
  return *parts_->system;
}

// -- questions -------------------------------------------------------------------------

bool node::wait_for_peers(std::size_t count, std::chrono::nanoseconds timeout) {
  const auto peers = peer_set();
  if (!peers)
    return false;
  peerage::wait_for_peers what;
  what.count = count;
  what.timeout = timeout;
  bool result = false;
  caf::scoped_actor self{system()};
  self->request(peers, caf::infinite, std::move(what))
    .receive([&](const peers_waited_for& x) { result = x.met; },
             [](const caf::error&) {});
  return result;
}

std::vector<peer_info> node::peers() {
  std::vector<peer_info> result;
  const auto peers = peer_set();
  if (!peers)
    return result;
  caf::scoped_actor self{system()};
  self->request(peers, question_timeout, get_peer_snapshots{})
    .receive(
      [&](const peer_snapshots& x) {
        for (const auto& entry : x.entries)
          result.push_back(entry.info);
      },
      [](const caf::error&) {});
  return result;
}

bool node::connect(const std::string& place) {
  const auto& dialer = parts_->handles.dialer;
  const auto found = parse_place(place, network().port);
  if (!dialer || !found)
    return false;
  bool result = false;
  caf::scoped_actor self{system()};
  self
    ->request(dialer, question_timeout,
              add_manual_peer{found->at.value_or(endpoint{}), place, found->name})
    .receive([&](bool is_new) { result = is_new; }, [](const caf::error&) {});
  return result;
}

bool node::disconnect(peer_id peer) {
  const auto peers = peer_set();
  if (!peers || peer == 0)
    return false;
  bool result = false;
  caf::scoped_actor self{system()};
  self->request(peers, question_timeout, disconnect_peer{peer, {}})
    .receive([&](bool was_there) { result = was_there; }, [](const caf::error&) {});
  return result;
}

// -- the log ---------------------------------------------------------------------------

namespace {

class function_sink : public log::sink {
public:
  explicit function_sink(std::function<void(const log::line&)> to) : to_(std::move(to)) {}
  void write(const log::line& x) override { to_(x); }

private:
  std::function<void(const log::line&)> to_;
};

} // namespace

void log_to(std::function<void(const log::line&)> function, log::level from) {
  log::set_level(from);
  log::set_sink(function ? std::make_shared<function_sink>(std::move(function))
                         : nullptr);
}

} // namespace peerage
