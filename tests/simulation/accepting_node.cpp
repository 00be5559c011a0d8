// SPDX-License-Identifier: MIT
#include "tests/simulation/accepting_node.hpp"

#include "actors/interfaces/broadcasts.hpp"
#include "actors/peer_set/eviction.hpp"

#include <string>

namespace peerage::test {

namespace {

small_set_actor::behavior_type small_set(small_set_actor::pointer self,
                                         std::shared_ptr<set_view> view) {
  auto end = [self](const set_view::member& x, peer_exit reason) {
    self->send_exit(x.client, caf::make_error(reason));
  };
  self->set_down_handler([self, view](caf::down_msg& x) {
    auto found = view->members.extract(view->by_client[x.source]);
    view->left.emplace_back(found.mapped().info, exit_of(x.reason));
    for (const auto& observer : view->observers)
      self->send(observer, peer_left{found.mapped().info, exit_of(x.reason)});
  });
  return {
    [self, view](const join_set& x) {
      self->monitor(x.peer.client);
      view->by_client[x.peer.client.address()] = x.peer.info.id;
      view->members[x.peer.info.id] = {x.peer.info, x.peer.client, self->clock().now()};
      for (const auto& observer : view->observers)
        self->send(observer, peer_joined{x.peer.info});
    },
    [self, view, end](evict_inbound) -> caf::result<bool> {
      ++view->evictions_asked;
      if (view->silent)
        return view->unanswered.emplace_back(self->make_response_promise<bool>());
      std::vector<eviction_candidate> all;
      for (const auto& [id, x] : view->members) {
        all.emplace_back();
        all.back().id = id;
        all.back().remote = x.info.remote;
        all.back().direction = x.info.direction;
        all.back().connected_at = x.joined_at;
      }
      auto chosen = choose_eviction(all, 1);
      if (chosen)
        end(view->members.at(*chosen), peer_exit::evicted);
      return chosen.has_value();
    },
    [view, end](const end_peer& x) {
      if (auto found = view->members.find(x.peer); found != view->members.end())
        end(found->second, x.reason);
    },
    [view, end](const end_peers_in& x) {
      for (const auto& [id, member] : view->members)
        if (x.range.contains(member.info.remote))
          end(member, x.reason);
    },
    [view](caf::put_atom) { // forget everything, as only the actor itself may
      view->members.clear();
      view->unanswered.clear();
    },
    [view](caf::put_atom, bool answer) { view->unanswered.front().deliver(answer); },
  };
}

} // namespace

accepting_node::accepting_node(simulation& in, const inbound_limits& limits) : world(in) {
  world.run();
  actors_before = world.system.registry().running();
  std::string error;
  auto acceptor = world.sockets->listen(at, world.context->network.magic, error);
  keeper = world.system.spawn(ban_manager, world.context, ban_manager_options{});
  door = world.system.spawn(listener, world.context, std::vector{acceptor}, limits,
                            misbehaviour_sink{keeper});
  set = world.system.spawn(small_set, view);
  view->observers = {door, keeper};
  caf::anon_send(keeper, attach_ban_users{{door}, set});
  caf::anon_send(door, attach_peer_set{set});
  world.run();
}

accepting_node::~accepting_node() {
  world.advance(world.context->timing.handshake_timeout); // those that never end
  caf::anon_send(set, caf::put_atom_v);
  caf::anon_send_exit(keeper, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(door, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(set, caf::exit_reason::user_shutdown);
  view->observers.clear();
  set = nullptr;
  door = nullptr;
  keeper = nullptr;
  world.run();
  CHECK(world.system.registry().running() == actors_before);
}

endpoint local_host(int n, int port) {
  return ipv4_endpoint(127, static_cast<std::uint8_t>(1 + n / 200),
                       static_cast<std::uint8_t>(n % 200), 1,
                       static_cast<std::uint16_t>(port));
}

endpoint distant_host(int n) {
  return ipv4_endpoint(static_cast<std::uint8_t>(20 + n / 200),
                       static_cast<std::uint8_t>(n % 200), 1, 1, 9'000);
}

} // namespace peerage::test
