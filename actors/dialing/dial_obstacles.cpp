#include "actors/dialing/dial_obstacles.hpp"

#include "actors/admission/obstacle_list.hpp"

#include <algorithm>

namespace peerage {

namespace {

/// What only those meet that nobody named.
void add_policies(obstacle_list& to, const dialer_state& state, const endpoint& remote) {
  if (!state.options.caps.loopback_exempt && !is_routable(remote))
    to.add("not_routable", "the public network cannot reach it");
  if (state.free_places() == 0)
    to.add("outbound_limit", "all " + std::to_string(state.options.max_outbound) +
                               " outbound places are taken");
  const auto group = address_group_of(remote);
  if (!state.is_exempt(remote) && state.groups.contains(group))
    to.add("group_taken", "another outbound peer is in " + to_string(group));
  to.add_cap(state.caps.would_refuse(remote), remote);
  if (remote.is_ipv4() ? state.families.ipv4_is_dead() : state.families.ipv6_is_dead())
    to.add("family_unreachable", "hardly any dial of its address family succeeds");
}

} // namespace

obstacles dial_obstacles(const dialer_state& state, const endpoint& remote,
                         time_point now) {
  obstacle_list found;
  found.add_network(state.network_active);
  if (state.is_own(remote))
    found.add("own_address", "it is this node itself");
  if (state.dials.contains(remote))
    found.add("already_dialing", "it is being dialed");
  else if (state.is_connected(remote))
    found.add("already_connected", "it is a peer");
  found.add_ban(state.bans.find(remote, state.context->wall.now()));
  const bool manual = state.manual.contains(remote);
  const auto& pauses = manual ? *state.manual_pauses : *state.pauses;
  if (auto ready = pauses.ready_at(remote); ready && *ready > now)
    found.add("backoff",
              std::to_string(pauses.failures_of(remote)) +
                " attempts in a row have failed",
              state.context->wall.expected(*ready, now));
  if (state.counts.in_flight >= state.options.max_in_flight)
    found.add("dials_in_flight", "all " + std::to_string(state.options.max_in_flight) +
                                   " dials are under way");
  if (!manual)
    add_policies(found, state, remote);
  return found.take();
}

} // namespace peerage
