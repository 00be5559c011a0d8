// SPDX-License-Identifier: MIT
#include "tests/simulation/internet/internet.hpp"

#include "actors/transport/weak_send.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace peerage::test {

namespace {

using namespace std::chrono_literals;

/// From one SYN to the next, as Linux repeats them.
constexpr std::array<std::chrono::seconds, 5> syn_pauses{1s, 2s, 4s, 8s, 16s};

constexpr std::uint16_t first_ephemeral_port = 32'768;
constexpr std::uint16_t last_ephemeral_port = 60'999;

/// Links that are over are forgotten this often.
constexpr std::size_t links_between_sweeps = 64;

/// An acceptor without descriptors tries again after this long.
constexpr std::chrono::milliseconds accept_pause{50};

} // namespace

/// An acceptor of a node's, and what its connections share.
struct listening {
  std::weak_ptr<memory_acceptor> socket;
  memory_host connections;
};

struct internet::machine {
  host_id id = 0;
  endpoint ip;
  host_conditions conditions;
  bool swallows = false; ///< A black hole.
  std::uint16_t next_port = first_ephemeral_port;
  /// Counts up with each process: what an old one still does has no effect.
  std::uint64_t process = 0;
  std::shared_ptr<std::size_t> open = std::make_shared<std::size_t>(0);
  std::shared_ptr<std::size_t> dials = std::make_shared<std::size_t>(0);
  std::map<std::uint16_t, listening> acceptors;
  std::map<std::uint16_t, make_end> scripts;
  bool retrying = false;

  endpoint next_local() {
    const auto port = next_port;
    next_port = port == last_ephemeral_port ? first_ephemeral_port
                                            : static_cast<std::uint16_t>(port + 1);
    return ip.with_port(port);
  }

  /// Connections that wait in an acceptor have no descriptor yet.
  std::size_t waiting() const {
    std::size_t result = 0;
    for (const auto& [port, x] : acceptors)
      if (const auto socket = x.socket.lock())
        result += socket->waiting();
    return result;
  }

  std::size_t descriptors() const {
    auto result = *open + *dials - waiting();
    for (const auto& [port, x] : acceptors)
      result += x.socket.expired() ? 0 : 1;
    return result;
  }

  std::shared_ptr<memory_acceptor> acceptor_at(std::uint16_t port) const {
    const auto found = acceptors.find(port);
    return found == acceptors.end() ? nullptr : found->second.socket.lock();
  }

  bool is_starved() const { return descriptors() >= conditions.descriptors; }
};

struct internet::dial {
  host_id from = 0;
  std::uint64_t process = 0;
  endpoint local, to;
  std::uint32_t magic = 0;
  bool abandoned = false;
  // Of a node:
  caf::weak_actor_ptr sink;
  memory_host connections;
  // Of a script:
  std::shared_ptr<memory_end> script;
};

struct internet::open_link {
  struct side {
    host_id host = 0;
    std::uint64_t process = 0;
    endpoint at;
    bool is_node = false;
    std::weak_ptr<memory_end> end;
  };

  std::uint64_t number = 0;
  link what;
  time_point since;
  side dialing, answering;
  std::vector<std::shared_ptr<memory_end>> scripts; ///< Owned until the link is over.
  bool is_hopeless = false;                         ///< It will not heal.
};

// -- sockets ---------------------------------------------------------------------------

class internet::host_sockets : public socket_provider {
public:
  host_sockets(internet& net, machine& at, dial_reach reach, const node_clock& clock)
      : socket_provider(reach), net_(net), host_(at), process_(at.process) {
    set_clock(clock);
  }

  std::shared_ptr<void> open_connection(const endpoint& to, std::uint32_t magic,
                                        const caf::strong_actor_ptr& sink) override {
    auto x = std::make_shared<dial>();
    x->from = host_.id;
    x->process = process_;
    x->to = to;
    x->magic = magic;
    x->sink = caf::actor_cast<caf::weak_actor_ptr>(sink);
    if (process_ != host_.process)
      return x;
    if (host_.is_starved()) {
      deliver(x->sink, connect_failed{peer_exit::no_descriptor});
      return x;
    }
    if (net_.dial_listener_)
      net_.dial_listener_(host_.id, to);
    x->local = host_.next_local();
    x->connections = {totals_, clock_, host_.open};
    net_.start_dial(x);
    ++*host_.dials;
    return {x.get(), [x, dials = host_.dials](void*) {
              x->abandoned = true;
              --*dials;
            }};
  }

  acceptor_ptr listen(const endpoint& at, std::uint32_t magic,
                      std::string& error) override {
    if (host_.acceptor_at(at.port)) {
      error = "cannot listen on " + to_string(at) + ": Address already in use";
      return nullptr;
    }
    auto result = std::make_shared<memory_acceptor>(
      at, magic, [&at_host = host_] { return at_host.is_starved(); });
    host_.acceptors[at.port] = {result, {totals_, clock_, host_.open}};
    return result;
  }

private:
  internet& net_;
  machine& host_;
  std::uint64_t process_;
};

// -- hosts -----------------------------------------------------------------------------

internet::internet(virtual_time& time, std::uint64_t seed) : time_(time), draws_(seed) {}

internet::~internet() = default;

host_id internet::add_host(const endpoint& ip, const host_conditions& conditions) {
  auto added = std::make_unique<machine>();
  added->id = static_cast<host_id>(hosts_.size());
  added->ip = ip;
  added->conditions = conditions;
  by_address_[ip.with_port(1)] = added->id;
  hosts_.push_back(std::move(added));
  return hosts_.back()->id;
}

endpoint internet::address_of(host_id host) const {
  return hosts_.at(host)->ip;
}

std::size_t internet::hosts() const {
  return hosts_.size();
}

internet::machine* internet::find(const endpoint& at) {
  const auto found = by_address_.find(at.with_port(1));
  return found == by_address_.end() ? nullptr : hosts_[found->second].get();
}

std::shared_ptr<socket_provider> internet::sockets_of(host_id host, dial_reach reach,
                                                      const node_clock& clock) {
  return std::make_shared<host_sockets>(*this, *hosts_.at(host), reach, clock);
}

void internet::crash(host_id id, bool silently) {
  auto& at = *hosts_.at(id);
  for (auto& x : links_) {
    const auto is_of_it = [&](const open_link::side& y) {
      return y.host == id && y.process == at.process;
    };
    if (is_of_it(x.dialing) || is_of_it(x.answering))
      apply(x, silently ? trouble::silent : trouble::reset, {});
  }
  ++at.process;
  at.acceptors.clear();
  at.open = std::make_shared<std::size_t>(0);
  at.dials = std::make_shared<std::size_t>(0);
}

void internet::set_descriptors(host_id host, std::size_t limit) {
  hosts_.at(host)->conditions.descriptors = limit;
}

void internet::set_reachable(host_id host, bool reachable) {
  hosts_.at(host)->conditions.reachable = reachable;
}

// -- dials -----------------------------------------------------------------------------

bool internet::is_cut_off(host_id from, host_id to) const {
  const auto group = [this](host_id x) {
    return x < group_of_.size() ? group_of_[x] : 0;
  };
  return group(from) != group(to);
}

link_conditions internet::way(const machine& from, const machine& to) const {
  const auto& x = from.conditions.access;
  const auto& y = to.conditions.access;
  return {x.latency + y.latency, x.jitter + y.jitter,
          std::min(x.bytes_per_second, y.bytes_per_second), std::min(x.buffer, y.buffer)};
}

void internet::start_dial(const std::shared_ptr<dial>& x) {
  ++totals_.dials;
  arrive(x, 0);
}

/// Sends a SYN, and again after a pause if nobody answers.
void internet::arrive(const std::shared_ptr<dial>& x, std::size_t attempt) {
  auto& from = *hosts_[x->from];
  auto* target = find(x->to);
  const bool is_answered = target && !target->swallows && !from.swallows &&
                           (target->conditions.reachable || target->id == x->from) &&
                           !is_cut_off(x->from, target->id);
  if (!is_answered) {
    if (attempt == 0)
      ++totals_.unanswered;
    if (attempt < syn_pauses.size())
      time_.in(syn_pauses[attempt], [this, x, attempt] {
        if (!x->abandoned && x->process == hosts_[x->from]->process)
          arrive(x, attempt + 1);
      });
    return;
  }
  time_.in(way(from, *target).latency, [this, x, target] {
    if (x->abandoned || x->process != hosts_[x->from]->process)
      return;
    if (target->acceptor_at(x->to.port) || target->scripts.contains(x->to.port))
      connect(x, *target);
    else
      refuse(x, *target);
  });
}

void internet::refuse(const std::shared_ptr<dial>& x, machine& target) {
  ++totals_.refused;
  time_.in(way(target, *hosts_[x->from]).latency, [x] {
    if (x->script)
      x->script->on_reset();
    else if (!x->abandoned)
      deliver(x->sink, connect_failed{peer_exit::connect_refused});
  });
}

void internet::connect(const std::shared_ptr<dial>& x, machine& target) {
  ++totals_.connections;
  if (totals_.connections % links_between_sweeps == 0)
    look_at_links();
  auto& from = *hosts_[x->from];
  auto& made = links_.emplace_back(
    open_link{totals_.connections,
              link{time_, draws_, way(from, target), way(target, from)},
              time_.now(),
              {from.id, from.process, x->local, !x->script, x->script},
              {target.id, target.process, x->to, false, {}},
              {},
              false});
  auto dialing = x->script;
  transport_ptr transport;
  if (x->script) {
    made.scripts.push_back(x->script);
  } else {
    auto parts = make_memory_transport(x->magic, x->to, x->local, x->connections);
    dialing = parts.end;
    transport = std::move(parts.connection);
  }
  made.dialing.end = dialing;
  std::shared_ptr<memory_end> answering;
  if (const auto socket = target.acceptor_at(x->to.port)) {
    auto parts = make_memory_transport(socket->magic(), x->local, x->to,
                                       target.acceptors[x->to.port].connections);
    answering = parts.end;
    made.answering.is_node = true;
    made.what.join(dialing, answering);
    socket->add(std::move(parts.connection));
    if (socket->waiting() > 0)
      retry_accepts(target.id);
  } else {
    answering = target.scripts.at(x->to.port)(x->local);
    made.scripts.push_back(answering);
    made.what.join(dialing, answering);
    answering->flush();
  }
  made.answering.end = answering;
  time_.in(way(target, from).latency, [x, dialing, transport] {
    // Destroyed here if nobody waits for it any more, which closes the connection.
    if (x->script)
      x->script->flush();
    else if (!x->abandoned)
      deliver(x->sink, connected{transport});
  });
}

/// As acceptors do that lacked a descriptor.
void internet::retry_accepts(host_id id) {
  auto& at = *hosts_[id];
  if (std::exchange(at.retrying, true))
    return;
  time_.in(accept_pause, [this, id, &at] {
    at.retrying = false;
    for (const auto& [port, x] : at.acceptors)
      if (const auto socket = x.socket.lock())
        socket->hand_over();
    if (at.waiting() > 0)
      retry_accepts(id);
  });
}

// -- scripted remotes ------------------------------------------------------------------

void internet::answer_at(host_id host, std::uint16_t port, make_end make) {
  hosts_.at(host)->scripts[port] = std::move(make);
}

void internet::dial_from(host_id host, const endpoint& to,
                         std::shared_ptr<memory_end> end) {
  dial_from_port(host, hosts_.at(host)->next_local().port, to, std::move(end));
}

void internet::dial_from_port(host_id host, std::uint16_t port, const endpoint& to,
                              std::shared_ptr<memory_end> end) {
  auto x = std::make_shared<dial>();
  x->from = host;
  x->process = hosts_.at(host)->process;
  x->local = hosts_[host]->ip.with_port(port);
  x->to = to;
  x->script = std::move(end);
  start_dial(x);
}

// -- faults ----------------------------------------------------------------------------

void internet::partition(const std::vector<std::vector<host_id>>& groups) {
  group_of_.assign(hosts_.size(), 0);
  for (std::size_t i = 0; i < groups.size(); ++i)
    for (const auto host : groups[i])
      group_of_.at(host) = i + 1;
  for (auto& x : links_) {
    if (is_cut_off(x.dialing.host, x.answering.host))
      x.what.stall();
    else if (!x.is_hopeless)
      x.what.resume();
  }
}

void internet::heal() {
  group_of_.clear();
  for (auto& x : links_)
    if (!x.is_hopeless)
      x.what.resume();
}

void internet::black_hole(host_id host, bool on) {
  hosts_.at(host)->swallows = on;
  for (auto& x : links_)
    if (x.dialing.host == host || x.answering.host == host) {
      if (on)
        x.what.stall();
      else if (!x.is_hopeless && !is_cut_off(x.dialing.host, x.answering.host))
        x.what.resume();
    }
}

void internet::apply(open_link& x, trouble what, caf::timespan stall_for) {
  switch (what) {
  case trouble::reset:
    ++totals_.resets;
    x.what.reset();
    break;
  case trouble::silent:
    x.is_hopeless = true;
    x.what.stall();
    break;
  case trouble::silent_one_way:
    x.is_hopeless = true;
    (draws_.below(2) == 0 ? x.what.there() : x.what.back()).stall();
    break;
  case trouble::stall:
    x.what.stall();
    time_.in(stall_for, [this, number = x.number] {
      for (auto& y : links_)
        if (y.number == number && !y.is_hopeless &&
            !is_cut_off(y.dialing.host, y.answering.host))
          y.what.resume();
    });
    break;
  }
}

void internet::trouble_some(trouble what, double share, caf::timespan stall_for) {
  constexpr std::uint64_t whole = 1'000'000;
  for (auto& x : links_)
    if (!x.what.is_over() &&
        draws_.below(whole) < static_cast<std::uint64_t>(share * whole))
      apply(x, what, stall_for);
}

void internet::trouble_host(host_id host, trouble what, caf::timespan stall_for) {
  for (auto& x : links_)
    if (x.dialing.host == host || x.answering.host == host)
      apply(x, what, stall_for);
}

void internet::slow_down(host_id host, double bytes_per_second) {
  hosts_.at(host)->conditions.access.bytes_per_second = bytes_per_second;
  for (auto& x : links_)
    if (x.dialing.host == host || x.answering.host == host) {
      x.what.there().slow_down(bytes_per_second);
      x.what.back().slow_down(bytes_per_second);
    }
}

// -- what is so ------------------------------------------------------------------------

void internet::look_at_links() {
  links_.remove_if([](const open_link& x) { return x.what.is_over(); });
}

void internet::visit_connections(
  const std::function<void(const connection_view&)>& visit) const {
  const auto view = [](const open_link::side& x, const one_way& out, const one_way& in) {
    const auto end = x.end.lock();
    side_view result;
    result.host = x.host;
    result.process = x.process;
    result.at = x.at;
    result.is_node = x.is_node;
    result.open = !out.is_closing();
    result.used = end && end->is_used();
    result.held =
      std::max({end ? end->held() : 0, out.peaks().sender, in.peaks().receiver});
    result.reading = in.peaks();
    result.sent = out.sent();
    result.last_ping = out.last_ping();
    if (in.is_stalled())
      result.deaf_since = in.stalled_at();
    return result;
  };
  for (const auto& x : links_) {
    const auto& there = x.what.there();
    const auto& back = x.what.back();
    if (!there.is_closing() || !back.is_closing())
      visit({x.since, view(x.dialing, there, back), view(x.answering, back, there),
             there.is_quiet() && back.is_quiet(), x.is_hopeless});
  }
}

std::uint64_t internet::process_of(host_id host) const {
  return hosts_.at(host)->process;
}

std::size_t internet::links() {
  look_at_links();
  return links_.size();
}

std::size_t internet::descriptors_of(host_id host) const {
  return hosts_.at(host)->descriptors();
}

std::size_t internet::connections_of(host_id host) const {
  return *hosts_.at(host)->open;
}

std::size_t internet::dials_of(host_id host) const {
  return *hosts_.at(host)->dials;
}

} // namespace peerage::test
