// SPDX-License-Identifier: MIT
#include "actors/dialing/change_added_peers.hpp"

#include "actors/dialing/dial_steps.hpp"
#include "actors/dialing/dialer_file.hpp"
#include "actors/interfaces/peer_set.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace peerage::dialing {

namespace {

/// Answers true when the change is on the disk, too.
caf::result<bool> answer_when_kept(self_pointer self, nlohmann::json record,
                                   const std::string& text, const std::string& in_force) {
  auto note = [self, text](const std::string& problem) {
    if (problem.empty())
      self->state.unsaved.erase(text);
    else
      self->state.unsaved.insert(text);
  };
  return self->state.file.answer_when_kept(self, std::move(record), true, text + in_force,
                                           note);
}

} // namespace

caf::result<bool> add(self_pointer self, const add_manual_peer& x) {
  auto& state = self->state;
  if (!x.name)
    if (auto refusal = refusal_of(state, x.remote))
      return std::move(*refusal);
  const auto text = x.text.empty() ? to_string(x.remote) : x.text;
  if (x.name && state.added.add({text, std::nullopt, true, x.name})) {
    state.names->add(*x.name, self->clock().now());
    dial_more(self);
  } else if (!x.name && state.added.add({text, x.remote, true})) {
    state.plan->add_manual(x.remote);
    if (state.others.peers)
      self->send(state.others.peers, dial_begun{x.remote});
    dial_more(self);
  } else if (!state.unsaved.contains(text)) {
    return false;
  }
  return answer_when_kept(self, record_of_added(text), text, " is added");
}

caf::result<bool> remove(self_pointer self, const std::string& text) {
  auto& state = self->state;
  if (auto removed = state.added.remove(text)) {
    const auto& always = state.options.manual;
    if (removed->name)
      removed->remote = state.names->remove(*removed->name);
    if (removed->remote && std::ranges::count(always, *removed->remote) == 0) {
      end_dials_if(self, peer_exit::disconnect_requested,
                   [&](const endpoint& dialed, const auto&) {
                     return dialed == *removed->remote &&
                            state.plan->dials().at(dialed).why == dial_purpose::manual;
                   });
      state.plan->remove_manual(*removed->remote);
    }
  } else if (!state.unsaved.contains(text)) {
    return false;
  }
  return answer_when_kept(self, record_of_removed(text), text, " is removed");
}

manual_peers list_manual(const dialer_state& state) {
  manual_peers result;
  for (const auto& x : state.added.entries()) {
    auto remote = x.remote;
    if (const auto* named = x.name ? state.names->find(*x.name) : nullptr)
      remote = named->remote;
    result.entries.push_back(
      {x.text, remote, remote && state.plan->is_connected(*remote)});
  }
  return result;
}

} // namespace peerage::dialing
