// SPDX-License-Identifier: MIT
#include "actors/dialing/name_lookups.hpp"

#include "actors/admission/obstacle_list.hpp"
#include "actors/base/log.hpp"
#include "actors/dialing/dial_steps.hpp"

#include <caf/sec.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <utility>

namespace peerage::dialing {

namespace {

/// Calls `then` with the result, later.
template <class Then>
void look_up(self_pointer self, const host_name& name, const Then& then) {
  auto& state = self->state;
  auto& waiting = state.lookups[name];
  waiting.emplace_back(then);
  if (waiting.size() > 1)
    return;
  if (state.options.resolver)
    state.options.resolver->resolve(name.host, name.port,
                                    caf::actor_cast<caf::strong_actor_ptr>(self));
  else
    self->send(self, resolved{name.host, {}, "this node looks up no names", name.port});
}

/// The addresses that can be dialed now, and are no other name's.
std::vector<endpoint> dialable_of(self_pointer self, const resolved& x) {
  const auto& state = self->state;
  const auto now = date_now(self);
  std::vector<endpoint> result;
  for (const auto& remote : x.endpoints)
    if (state.plan->may_dial_manual(remote, now) && !state.names->contains(remote))
      result.push_back(remote);
  return result;
}

/// Why a lookup has brought no address that can be dialed.
std::string lookup_problem(const resolved& x) {
  return x.endpoints.empty()
           ? "the lookup of " + x.name + " failed: " + x.error
           : "no address of " + x.name +
               " can be dialed now: they are connected, banned, our own or out of reach";
}

void take_lookup(self_pointer self, const host_name& name, const resolved& x) {
  auto& state = self->state;
  if (state.stopping)
    return;
  if (const auto dialable = dialable_of(self, x); !dialable.empty()) {
    if (const auto remote = state.names->found(name, dialable))
      state.plan->add_manual(*remote);
    return;
  }
  const auto problem = lookup_problem(x);
  state.names->not_found(name, problem, self->clock().now());
  const auto* peer = state.names->find(name);
  // The first failure, then quietly: as for dials.
  log::write({peer && peer->failures == 1 ? log::level::info : log::level::debug},
             "{} is not dialed: {}", to_string(name), problem);
}

/// Where a name stands that has no address.
name_obstacles explain_lookup(self_pointer self, const named_peers::peer& x) {
  obstacle_list result;
  if (x.is_looked_up)
    result.add("name_lookup", "its name is being looked up");
  else
    result.add("backoff",
               x.problem + "; " + std::to_string(x.failures) + " failures in a row",
               self->state.context->wall.expected(x.ready_at, self->clock().now()));
  return {std::nullopt, result.take()};
}

} // namespace

void look_up_due_names(self_pointer self) {
  auto& state = self->state;
  if (!state.plan->is_active())
    return;
  for (const auto& name : state.names->take_due(self->clock().now()))
    look_up(self, name, [self, name](const resolved& x) { take_lookup(self, name, x); });
}

void on_resolved(self_pointer self, const resolved& x) {
  auto waiting = self->state.lookups.extract(host_name{x.name, x.port});
  if (waiting.empty())
    return;
  for (const auto& then : waiting.mapped())
    then(x);
  dial_more(self);
}

void let_go_of(self_pointer self, const endpoint& remote, bool was_named) {
  if (was_named && std::ranges::count(self->state.options.manual, remote) == 0 &&
      !self->state.added.contains(remote))
    self->state.plan->remove_manual(remote);
}

caf::result<bool> dial_name_now(self_pointer self, const host_name& name) {
  auto promise = self->make_response_promise<bool>();
  look_up(self, name, [self, promise](const resolved& x) mutable {
    auto& state = self->state;
    for (const auto& remote : x.endpoints)
      if (!state.stopping && state.plan->request(remote, date_now(self))) {
        start(self, remote, dial_purpose::requested);
        promise.deliver(true);
        return;
      }
    promise.deliver(caf::make_error(caf::sec::runtime_error, lookup_problem(x)));
  });
  return promise;
}

caf::result<name_obstacles> explain_named(self_pointer self, const host_name& name) {
  auto explain = [self](const endpoint& remote) {
    return name_obstacles{remote, self->state.plan->explain(remote, date_now(self))};
  };
  if (const auto* known = self->state.names->find(name))
    return known->remote ? explain(*known->remote) : explain_lookup(self, *known);
  auto promise = self->make_response_promise<name_obstacles>();
  look_up(self, name, [promise, explain](const resolved& x) mutable {
    if (!x.endpoints.empty()) {
      promise.deliver(explain(x.endpoints.front()));
      return;
    }
    obstacle_list result;
    result.add("name_lookup", lookup_problem(x));
    promise.deliver(name_obstacles{std::nullopt, result.take()});
  });
  return promise;
}

void end_lookups(self_pointer self) {
  for (const auto& [name, waiting] : std::exchange(self->state.lookups, {}))
    for (const auto& then : waiting)
      then(resolved{name.host, {}, "the node stops", name.port});
  self->state.options.resolver = nullptr;
}

} // namespace peerage::dialing
