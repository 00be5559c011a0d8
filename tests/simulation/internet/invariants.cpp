// SPDX-License-Identifier: MIT
#include "tests/simulation/internet/invariants.hpp"

#include "actors/admission/listener.hpp"
#include "actors/base/alarm_clock.hpp"
#include "actors/dialing/dialer.hpp"
#include "actors/peer/handshake.hpp"
#include "actors/peer_set/peer_set.hpp"
#include "messages/subnet.hpp"
#include "tests/simulation/internet/simulated_node.hpp"
#include "tests/simulation/internet/world.hpp"
#include "tests/support/would_dial.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace peerage::test {

namespace {

using namespace std::chrono_literals;
using side_view = internet::side_view;
using connection_view = internet::connection_view;

/// Between a moment and what a node does about it: messages on their way in the node, and
/// timers that a busy machine looks at late.
constexpr std::chrono::seconds slack{1};

/// From an open socket until the peer is in the set, or gone.
std::chrono::nanoseconds longest_handshake(const peer_timing& x) {
  return x.connect_timeout + x.handshake_timeout + handshake_extension +
         eviction_deadline + slack;
}

/// Memory that one connection may hold: what waits to be sent, up to the message that
/// goes over the limit, and what waits to be read.
constexpr std::size_t memory_bound =
  unsent_limit + wire::limits::payload + std::size_t{1} * 1024 * 1024;

/// That it may hold for a message before the handshake; vectors grow by halves.
constexpr std::size_t early_memory_bound = 2 * wire::limits::payload_before_handshake;

template <class Visit>
void visit_sides(const connection_view& x, const Visit& visit) {
  visit(x.dialing, x.answering);
  visit(x.answering, x.dialing);
}

const peer_set_state* set_of(const simulated_node& x) {
  return state_of<peer_set_state>(x.handles()->peers);
}

/// A node that is up, with what is looked up for each connection.
struct node_view {
  const simulated_node* node = nullptr; ///< Null: there is none on this machine.
  bool is_alive = false;                ///< Its set is.
  std::vector<endpoint> remotes;        ///< Of its peers, sorted.

  bool has(const endpoint& remote) const {
    return std::ranges::binary_search(remotes, remote);
  }
};

/// By machine.
std::vector<node_view> view_nodes(world& over) {
  std::vector<node_view> result(over.net().hosts());
  for (const auto& node : over.nodes()) {
    if (!node->is_up())
      continue;
    auto& x = result[node->host()];
    x.node = node.get();
    if (const auto* set = set_of(*node)) {
      x.is_alive = true;
      for (const auto& [id, member] : set->members)
        x.remotes.push_back(member.info.remote);
      std::ranges::sort(x.remotes);
    }
  }
  return result;
}

// -- I5, I7, I13 -----------------------------------------------------------------------

std::string wrong_counts(const simulated_node& node) {
  const auto shown = node.counts();
  if (shown.total != shown.ready + shown.unready ||
      shown.total != shown.inbound + shown.outbound)
    return fmt::format("{}: {} peers are not {} ready + {} unready, {} inbound + {} "
                       "outbound",
                       node.name(), shown.total, shown.ready, shown.unready,
                       shown.inbound, shown.outbound);
  const auto* set = set_of(node);
  if (!set)
    return {};
  const auto inbound = std::ranges::count_if(set->members, [](const auto& x) {
    return x.second.info.direction == peer_direction::inbound;
  });
  if (set->members.size() != shown.total ||
      static_cast<std::uint64_t>(inbound) != shown.inbound)
    return fmt::format("{}: {} peers are shown, {} of them inbound; there are {} and {}",
                       node.name(), shown.total, shown.inbound, set->members.size(),
                       inbound);
  return {};
}

/// Looks at the node whose set has just had its turn.
std::string wrong_counts_after_step(const world& over) {
  const auto& turn = over.last_turn();
  if (turn.name != peer_set_state::name)
    return {};
  for (const auto& node : over.nodes())
    if (node->is_up() && node->handles()->peers.id() == turn.actor)
      return wrong_counts(*node);
  return {};
}

/// How often the most frequent one is there.
std::size_t most_alike(std::vector<subnet> x) {
  std::ranges::sort(x);
  std::size_t result = 0, run = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    run = i > 0 && x[i] == x[i - 1] ? run + 1 : 1;
    result = std::max(result, run);
  }
  return result;
}

/// I7, I17: a node is about to dial.
void look_at_dial(world& over, host_id from, const endpoint& to) {
  const auto found = std::ranges::find_if(
    over.nodes(), [&](const auto& node) { return node->host() == from; });
  if (found == over.nodes().end())
    return;
  const auto& node = **found;
  const auto& setup = node.setup();
  if (const auto others = over.net().dials_of(from); others >= max_dials_in_flight)
    over.fail("I7", fmt::format("{}: {} dials in flight", node.name(), others + 1));
  if (!is_within(setup.reach, to))
    over.fail("I17", fmt::format("{} dials {}, which is beyond its reach", node.name(),
                                 to_string(to)));
  if (!is_routable(to) && std::ranges::find(setup.manual, to) == setup.manual.end())
    over.fail("I17", fmt::format("{} dials {}, which no public host has", node.name(),
                                 to_string(to)));
}

/// I8: a node that meets itself notices.
std::string meets_itself(const simulated_node& node) {
  const auto* set = set_of(node);
  if (!set || std::ranges::none_of(set->members, [&](const auto& x) {
        return host_of(x.second.info.remote) == host_of(node.place());
      }))
    return {};
  return node.name() + " is its own peer";
}

/// I16: who has ended waits for nothing.
std::string alarm_of_the_dead(const simulated_node& node) {
  const auto* alarms = state_of<alarm_clock_state>(node.context()->alarms);
  if (!alarms)
    return {};
  for (const auto& [due, entry] : alarms->pending) {
    const auto who = caf::actor_cast<caf::strong_actor_ptr>(entry.who);
    if (!who || caf::actor_cast<caf::abstract_actor*>(who)->getf(
                  caf::abstract_actor::is_terminated_flag))
      return fmt::format("{}: an alarm is of actor {}, which has ended", node.name(),
                         entry.who.id());
  }
  return {};
}

std::string over_limits(const simulated_node& node) {
  const auto& setup = node.setup();
  const auto* set = set_of(node);
  if (!set)
    return {};
  std::vector<subnet> hosts, subnets;
  std::size_t inbound = 0;
  for (const auto& [id, x] : set->members) {
    inbound += x.info.direction == peer_direction::inbound ? 1 : 0;
    if (x.manual)
      continue;
    hosts.push_back(host_of(x.info.remote));
    subnets.push_back(cap_subnet_of(x.info.remote));
  }
  if (most_alike(hosts) > 1 || most_alike(subnets) > 2)
    return fmt::format("{}: {} peers of one address, {} of one subnet", node.name(),
                       most_alike(hosts), most_alike(subnets));
  if (inbound > setup.max_inbound ||
      set->members.size() - inbound > setup.max_outbound + setup.manual.size() + 1)
    return fmt::format("{}: {} inbound and {} outbound peers", node.name(), inbound,
                       set->members.size() - inbound);
  return {};
}

// -- connections -----------------------------------------------------------------------

/// I1, I2, I6: an open connection belongs to a peer, or is young.
std::string ownerless(const connection_view& x, const side_view& here,
                      const side_view& there, const node_view& of, time_point now) {
  if (!here.open || !here.used || !of.is_alive ||
      now - x.since < longest_handshake(of.node->setup().timing) || of.has(there.at))
    return {};
  return fmt::format("{}: the connection with {} is {:.0f} s old, and of no peer",
                     of.node->name(), to_string(there.at),
                     std::chrono::duration<double>(now - x.since).count());
}

/// I4: whoever hears nothing ends the peer.
std::string outlived_silence(const side_view& here, const side_view& there,
                             const simulated_node& node, time_point now) {
  const auto& timing = node.setup().timing;
  // A ping may have been answered just before; a download may have moved its deadline.
  const auto patience = timing.ping_interval + 2 * timing.ping_timeout + slack;
  if (!here.open || !here.used || !here.deaf_since || now - *here.deaf_since < patience)
    return {};
  return fmt::format("{}: has heard nothing of {} for {:.0f} s, and keeps it",
                     node.name(), to_string(there.at),
                     std::chrono::duration<double>(now - *here.deaf_since).count());
}

/// I4: pings go on, one per interval.
std::string wrong_pings(const connection_view& x, const side_view& here,
                        const side_view& there, const simulated_node& node,
                        time_point now, bool only_heartbeats) {
  if (!here.open || !here.sent.verack || !there.sent.verack || here.deaf_since)
    return {};
  const auto interval = node.setup().timing.ping_interval;
  const auto age = now - x.since;
  if (age > interval + longest_handshake(node.setup().timing) &&
      now - here.last_ping > interval + slack)
    return fmt::format("{}: no ping to {} for {:.0f} s", node.name(), to_string(there.at),
                       std::chrono::duration<double>(now - here.last_ping).count());
  const auto most = static_cast<std::uint64_t>(age / interval) + 1 + here.sent.fenced;
  if (only_heartbeats && here.sent.pings > most)
    return fmt::format("{}: {} pings to {} in {:.0f} s", node.name(), here.sent.pings,
                       to_string(there.at), std::chrono::duration<double>(age).count());
  return {};
}

/// I11, I12.
std::string fat(const side_view& here, const side_view& there) {
  if (here.held > memory_bound)
    return fmt::format("{} bytes are held for {}", here.held, to_string(there.at));
  const auto& reading = here.reading;
  if (reading.partial_before_verack > early_memory_bound)
    return fmt::format("{} bytes are held for {} before its verack",
                       reading.partial_before_verack, to_string(there.at));
  if (reading.partial_ahead > 2 * wire::limits::read_ahead)
    return fmt::format("{} bytes are held for {} that have not arrived",
                       reading.partial_ahead, to_string(there.at));
  return {};
}

/// What is wrong with a connection for one of its sides.
std::string look_at_side(const connection_view& x, const side_view& here,
                         const side_view& there, const node_view& of, time_point now,
                         bool only_heartbeats) {
  auto why = ownerless(x, here, there, of, now);
  if (why.empty())
    why = outlived_silence(here, there, *of.node, now);
  if (why.empty())
    why = wrong_pings(x, here, there, *of.node, now, only_heartbeats);
  if (why.empty())
    why = fat(here, there);
  return why;
}

/// Both sides of a connection on which nothing is under way have it as a peer, or
/// neither.
std::string disagreement(const connection_view& x, const node_view& dialing,
                         const node_view& answering, time_point now) {
  if (!x.quiet || x.hopeless || x.dialing.deaf_since || x.answering.deaf_since ||
      !dialing.is_alive || !answering.is_alive ||
      now - x.since < longest_handshake(answering.node->setup().timing) ||
      dialing.has(x.answering.at) == answering.has(x.dialing.at))
    return {};
  return fmt::format("{} and {} do not agree on whether they are connected",
                     dialing.node->name(), answering.node->name());
}

std::string look_at_connections(world& over, bool only_heartbeats) {
  const auto nodes = view_nodes(over);
  const auto now = over.time().now();
  std::string why;
  over.net().visit_connections([&](const connection_view& x) {
    visit_sides(x, [&](const side_view& here, const side_view& there) {
      const auto& of = nodes[here.host];
      if (why.empty() && here.is_node && of.node &&
          here.process == over.net().process_of(here.host))
        why = look_at_side(x, here, there, of, now, only_heartbeats);
    });
    if (why.empty())
      why = disagreement(x, nodes[x.dialing.host], nodes[x.answering.host], now);
  });
  return why;
}

/// What `whynot` says of an address is what the dialer would do.
std::string look_at_whynot(world& over, random_source& draws) {
  const auto& nodes = over.nodes();
  const auto& node = *nodes[draws.below(nodes.size())];
  const auto remote = nodes[draws.below(nodes.size())]->place();
  const auto* dialing =
    node.is_up() ? state_of<dialer_state>(node.handles()->dialer) : nullptr;
  if (!dialing || !dialing->plan)
    return {};
  auto plan = *dialing->plan;
  for (const auto& manual : node.setup().manual)
    plan.remove_manual(manual);
  // The next dial may be due only after the spacing of dials.
  const auto now = node.context()->wall.date(over.time().now() + dial_spacing);
  const auto found = plan.explain(remote, now);
  if (found.entries.empty() == would_dial(plan, remote, now))
    return {};
  return fmt::format("{}: whynot {} says {}, and the dialer does otherwise", node.name(),
                     to_string(remote),
                     found.entries.empty() ? "nothing" : found.entries.front().kind);
}

// -- events ----------------------------------------------------------------------------

/// Follows what each node tells.
class history {
public:
  explicit history(world& over) : world_(over) {}

  void note(const simulated_node& node, const event& x) {
    auto& known = of_[{node.number(), node.run()}];
    switch (x.type) {
    case event_type::dial_started:
      if (!known.dials.emplace(x.address, world_.time().now()).second)
        fail("every dial ends once", node, x, "is dialed while it is being dialed");
      break;
    case event_type::dial_failed:
      if (known.dials.erase(x.address) == 0)
        fail("every dial ends once", node, x, "failed, and was not being dialed");
      break;
    case event_type::peer_ready:
      if (!known.ever.insert(x.peer).second)
        fail("I14", node, x, "becomes a peer for the second time");
      known.peers.insert(x.peer);
      if (x.direction == peer_direction::outbound && known.dials.erase(x.address) == 0)
        fail("every dial ends once", node, x, "is a peer, and was not being dialed");
      break;
    case event_type::peer_left:
      // A peer that the set did not take in: its dial has ended all the same.
      if (known.peers.erase(x.peer) == 0 && x.direction == peer_direction::outbound)
        known.dials.erase(x.address);
      look_at_reason(node, x);
      break;
    case event_type::ban_added:
      if (covers_a_node(x.range))
        fail("I10", node, x, "is banned: " + x.range);
      break;
    default: break;
    }
  }

  /// A dial that has outlived its deadlines, in a sentence.
  std::string overdue_dial(const simulated_node& node) const {
    const auto known = of_.find({node.number(), node.run()});
    if (known == of_.end())
      return {};
    for (const auto& [remote, began] : known->second.dials)
      if (const auto age = world_.time().now() - began;
          age >
          node.setup().timing.connect_timeout + longest_handshake(node.setup().timing))
        return fmt::format("{}: the dial of {} began {:.0f} s ago, and has not ended",
                           node.name(), to_string(remote),
                           std::chrono::duration<double>(age).count());
    return {};
  }

private:
  struct of_a_run {
    std::map<endpoint, time_point> dials; ///< When each began.
    std::set<peer_id> peers, ever;
  };

  void fail(std::string_view invariant, const simulated_node& node, const event& x,
            std::string_view why) {
    world_.fail(invariant, fmt::format("{}: {} (peer {}) {}", node.name(),
                                       to_string(x.address), x.peer, why));
  }

  /// Our own nodes are; strangers may be.
  bool is_honest(const endpoint& x) const { return world_.is_of_a_node(x); }

  bool covers_a_node(const std::string& range) const {
    subnet banned;
    return parse_subnet(range, banned) &&
           std::ranges::any_of(world_.nodes(), [&](const auto& x) {
             return banned.contains(host_of(x->place()));
           });
  }

  /// I10: honest remotes break no rule, and what others do is not held against them.
  void look_at_reason(const simulated_node& node, const event& x) {
    using enum peer_exit;
    if (x.reason == to_string(internal_error))
      fail("no actor crashes", node, x, "ended with internal_error");
    for (const auto reason :
         {wrong_magic, oversized_message, too_many_entries, headers_not_linked,
          header_without_work, obsolete_version, late_feature_message, unoffered_service,
          banned, load_shed, unsent_overflow})
      if (x.reason == to_string(reason) && is_honest(x.address))
        fail("I10", node, x, "was ended as " + x.reason);
  }

  world& world_;
  std::map<std::pair<std::size_t, std::uint64_t>, of_a_run> of_;
};

// -- the end ---------------------------------------------------------------------------

/// I16: nothing is left when all nodes have stopped.
std::string look_at_the_end(world& over, std::size_t actors_before) {
  for (const auto& node : over.nodes()) {
    if (node->is_running())
      return node->name() + " still runs";
    if (const auto left = over.net().descriptors_of(node->host()); left > 0)
      return fmt::format("{}: {} descriptors are open", node->name(), left);
  }
  if (const auto left = over.system().registry().running(); left != actors_before)
    return fmt::format("{} actors are alive, and {} were before", left, actors_before);
  return {};
}

} // namespace

void watch_invariants(world& over, const expectations& expected) {
  using enum world::pace;
  const auto each_node = [&over](auto look) {
    return [&over, look]() -> std::string {
      for (const auto& node : over.nodes())
        if (node->is_up())
          if (auto why = look(*node); !why.empty())
            return why;
      return {};
    };
  };
  over.watch("I5", step, [&over] { return wrong_counts_after_step(over); });
  over.net().on_dial(
    [&over](host_id from, const endpoint& to) { look_at_dial(over, from, to); });
  over.watch("I5", second, each_node(wrong_counts));
  over.watch("I8", second, each_node(meets_itself));
  over.watch("I7, I13", second, each_node(over_limits));
  over.watch("I16", second, each_node(alarm_of_the_dead));
  over.watch("I1, I2, I4, I6, I11, I12", second, [&over, expected] {
    return look_at_connections(over, expected.only_heartbeats_ping);
  });
  over.watch("whynot is what the dialer does", second,
             [&over, draws = std::make_shared<random_source>(over.seed_for("whynot"))] {
               return look_at_whynot(over, *draws);
             });
  auto told = std::make_shared<history>(over);
  over.listen(
    [told](const simulated_node& node, const event& x) { told->note(node, x); });
  over.watch("every dial ends once", second, each_node([told](const simulated_node& x) {
               return told->overdue_dial(x);
             }));
  over.watch("I16", end, [&over, before = over.system().registry().running()] {
    return look_at_the_end(over, before);
  });
}

} // namespace peerage::test
