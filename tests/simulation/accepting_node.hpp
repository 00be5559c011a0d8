// SPDX-License-Identifier: MIT
#pragma once

#include "actors/admission/listener.hpp"
#include "actors/bans/ban_manager.hpp"
#include "actors/interfaces/admission.hpp"
#include "actors/interfaces/bans.hpp"
#include "actors/interfaces/peer.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "messages/ban.hpp"
#include "tests/simulation/simulation.hpp"
#include "tests/support/endpoints.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace peerage::test {

/// What the node's small peer set holds, and what it was asked.
struct set_view {
  struct member {
    peer_info info;
    client_actor client;
    time_point joined_at;
  };

  std::map<peer_id, member> members;
  std::map<caf::actor_addr, peer_id> by_client;
  std::vector<std::pair<peer_info, peer_exit>> left;
  std::vector<peer_observer_actor> observers;
  std::vector<caf::typed_response_promise<bool>> unanswered;
  std::size_t evictions_asked = 0;
  bool silent = false; ///< Questions for evictions stay unanswered.
};

using small_set_actor =
  caf::typed_actor<caf::reacts_to<join_set>, caf::replies_to<evict_inbound>::with<bool>,
                   caf::reacts_to<end_peer>, caf::reacts_to<end_peers_in>,
                   caf::reacts_to<caf::put_atom>, caf::reacts_to<caf::put_atom, bool>>;

/// A LISTENER that lets remotes in, together with BAN_MANAGER and a small peer set.
struct accepting_node {
  explicit accepting_node(simulation& in, const inbound_limits& limits = {});
  accepting_node(const accepting_node&) = delete;
  accepting_node& operator=(const accepting_node&) = delete;

  ~accepting_node();

  /// A remote that has connected, and says nothing.
  scripted_remote connect(const endpoint& from) {
    scripted_remote result{world.sockets->connect_to(at, from),
                           world.context->network.magic};
    world.run();
    return result;
  }

  /// A remote that has shaken hands, unless it was refused.
  scripted_remote join(const endpoint& from) {
    auto result = connect(from);
    if (!result.saw_end())
      world.shake_hands(result);
    return result;
  }

  /// A peer that we dialed, by way of the set.
  scripted_remote join_outbound() {
    auto result = world.ready_outbound();
    caf::anon_send(set, join_set{world.results->ready.back(), false});
    world.results->ready.clear();
    world.run();
    return result;
  }

  template <class Message>
  void tell(Message x) {
    caf::anon_send(door, std::move(x));
    world.run();
  }

  std::uint64_t failures(peer_exit reason) {
    return state().counts.failures[static_cast<std::size_t>(reason)];
  }

  /// True if the one attempt is refused, and with this reason.
  bool refuses(const endpoint& from, peer_exit reason) {
    auto before = failures(reason);
    return connect(from).saw_end() && failures(reason) == before + 1;
  }

  std::vector<ban> bans() {
    auto result = world.answer_to<peerage::bans>(keeper, get_bans{});
    REQUIRE(result);
    return result->entries;
  }

  template <class Request>
  void change_bans(const Request& x) {
    caf::anon_send(keeper, x);
    world.run();
  }

  listener_state& state() {
    auto* self = caf::actor_cast<caf::abstract_actor*>(door);
    return dynamic_cast<listener_actor::stateful_base<listener_state>&>(*self).state;
  }

  simulation& world;
  endpoint at = ipv4_endpoint(10, 0, 0, 1, 18444);
  std::size_t actors_before = 0;
  std::shared_ptr<set_view> view = std::make_shared<set_view>();
  listener_actor door;
  ban_manager_actor keeper;
  small_set_actor set;
};

/// The n-th of many hosts that come as fast as they like, as accept_rate lets loopback
/// do.
endpoint local_host(int n, int port = 9'000);

/// The n-th of many hosts that have nothing in common.
endpoint distant_host(int n);

} // namespace peerage::test
