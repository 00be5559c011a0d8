#include "actors/peer_set/peer_set.hpp"

#include <caf/stateful_actor.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>

namespace peerage {

namespace {

using self_pointer = peer_set_actor::stateful_pointer<peer_set_state>;

/// A peer that is too busy to say how it is does not hold up the others' answers.
constexpr std::chrono::seconds snapshot_timeout{1};

void insert(self_pointer self, const peer_ready& x) {
  auto& state = self->state;
  self->monitor(x.client);
  state.by_client[x.client.address()] = x.info.id;
  state.members[x.info.id] = {x.info, x.client};
  spdlog::log(state.quiet ? spdlog::level::debug : spdlog::level::info,
              "peer {} joined: {} {} version {} {}", x.info.id, to_string(x.info.way),
              to_string(x.info.remote), x.info.remote_protocol,
              sanitised(x.info.user_agent));
  for (const auto& observer : state.observers)
    self->send(observer, peer_joined{x.info});
}

void remove(self_pointer self, const caf::down_msg& x) {
  auto& state = self->state;
  auto found = state.by_client.find(x.source);
  if (found == state.by_client.end())
    return;
  auto member = state.members.extract(found->second);
  state.by_client.erase(found);
  auto reason = exit_of(x.reason);
  ++state.exits[static_cast<std::size_t>(reason)];
  const auto& info = member.mapped().info;
  const auto level = reason == peer_exit::internal_error ? spdlog::level::err
                     : state.quiet                       ? spdlog::level::debug
                                                         : spdlog::level::info;
  spdlog::log(level, "peer {} left: {} {}", info.id, to_string(info.remote),
              to_string(reason));
  for (const auto& observer : state.observers)
    self->send(observer, peer_left{info, reason});
  if (state.stopping && state.members.empty())
    self->quit(caf::exit_reason::user_shutdown);
}

void stop(self_pointer self) {
  auto& state = self->state;
  state.stopping = true;
  for (auto& [id, member] : state.members)
    self->send_exit(member.client, caf::make_error(peer_exit::shutting_down));
  if (state.members.empty())
    self->quit(caf::exit_reason::user_shutdown);
}

peer_set_snapshot count(const peer_set_state& state) {
  peer_set_snapshot result;
  for (const auto& [id, member] : state.members)
    ++(member.info.way == direction::inbound ? result.inbound : result.outbound);
  // Every member has shaken hands, and any of them takes requests side by side.
  result.ready = state.members.size();
  result.unready = 0;
  result.total = result.ready + result.unready;
  result.exits = state.exits;
  return result;
}

caf::result<peer_snapshots> ask_all(self_pointer self) {
  struct gathering {
    peer_snapshots found;
    std::size_t missing;
    caf::typed_response_promise<peer_snapshots> promise;

    void one_less() {
      if (--missing > 0)
        return;
      std::ranges::sort(found.entries, {},
                        [](const peer_snapshot& x) { return x.info.id; });
      promise.deliver(std::move(found));
    }
  };
  auto& members = self->state.members;
  if (members.empty())
    return peer_snapshots{};
  auto all = std::make_shared<gathering>();
  all->missing = members.size();
  all->promise = self->make_response_promise<peer_snapshots>();
  for (auto& [id, member] : members)
    self->request(member.client, snapshot_timeout, get_peer_snapshot{})
      .then(
        [all](peer_snapshot& x) {
          all->found.entries.push_back(std::move(x));
          all->one_less();
        },
        [all](caf::error&) { all->one_less(); });
  return all->promise;
}

} // namespace

peer_set_actor::behavior_type
peer_set(self_pointer self, std::vector<peer_observer_actor> observers, bool quiet) {
  self->state.quiet = quiet;
  self->state.observers = std::move(observers);
  self->set_down_handler([self](caf::down_msg& x) { remove(self, x); });
  self->set_exit_handler([self](caf::exit_msg&) { stop(self); });
  return {
    [self](const peer_ready& x) -> caf::result<void> {
      // Dropping the client here ends the peer.
      if (self->state.stopping)
        return caf::make_error(request_error::shutting_down);
      insert(self, x);
      return caf::unit;
    },
    [self](get_peer_set_snapshot) { return count(self->state); },
    [self](get_peer_snapshots) { return ask_all(self); },
    [self](caf::get_atom, peer_id id) -> caf::result<client_actor> {
      auto found = self->state.members.find(id);
      if (found == self->state.members.end())
        return caf::make_error(request_error::peer_gone, peer_exit::client_dropped);
      return found->second.client;
    },
  };
}

} // namespace peerage
