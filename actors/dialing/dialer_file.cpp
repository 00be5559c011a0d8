// SPDX-License-Identifier: MIT
#include "actors/dialing/dialer_file.hpp"

#include "actors/base/log.hpp"
#include "actors/dialing/saved_dials.hpp"
#include "actors/storage/state_file.hpp"
#include "messages/checks/mutant.hpp"

#include <caf/stateful_actor.hpp>

namespace peerage::dialing {

namespace {

nlohmann::json body_to_save(self_pointer self) {
  auto& state = self->state;
  saved_dials result{
    state.plan->longest_connected(saved_dials::max_anchors),
    state.plan->pauses().entries(self->clock().now(), state.context->wall.now()),
    {}};
  if (is_on(mutant::backoff_not_saved))
    result.pauses.clear();
  for (const auto& x : state.added.entries())
    if (x.lasting)
      result.added.push_back(x.text);
  return to_json(result);
}

/// Whether this manual peer is within reach; logs if it is not.
bool is_dialable(const dialer_state& state, const endpoint& remote) {
  const auto problem = reach_problem(state.plan->reach(), remote);
  if (!problem.empty())
    log::warn("{} is not dialed: {}", to_string(remote), problem);
  return problem.empty();
}

/// Adds a peer of the last run.
void restore_added(dialer_state& state, const std::string& text) {
  added_peers::entry x{text, std::nullopt, true};
  const auto port = state.context->network.port;
  if (endpoint remote; parse_endpoint(text, port, remote))
    x.remote = remote;
  else if (host_name name; parse_host_name(text, port, name))
    x.name = name;
  else
    log::warn("{}, which was added once, cannot be dialed: {}",
              log::field("address", text),
              zone_problem(text).empty() ? "it is no IP address" : zone_problem(text));
  state.added.add(std::move(x));
}

void repeat(dialer_state& state, const nlohmann::json& change) {
  auto text = [&](const char* name) {
    const auto found = change.is_object() ? change.find(name) : change.end();
    return found != change.end() && found->is_string() ? found->get<std::string>() : "";
  };
  if (auto added = text("added"); !added.empty())
    restore_added(state, added);
  else if (auto removed = text("removed"); !removed.empty())
    state.added.remove(removed);
}

} // namespace

void load(self_pointer self) {
  auto& state = self->state;
  saved_dials saved;
  if (!state.options.directory.empty()) {
    const auto path = state.options.directory / "dials.json";
    auto found = load_and_report(*state.context->disk, path, saved_dials::kind,
                                 saved_dials::version);
    state.file.open(self, state.options.saver, path, std::string{saved_dials::kind},
                    saved_dials::version, found.last_record,
                    [self] { return body_to_save(self); });
    if (found.body)
      saved = saved_dials_from_json(*found.body);
    for (const auto& text : saved.added)
      restore_added(state, text);
    for (const auto& change : found.changes)
      repeat(state, change);
    state.plan->pauses().restore(saved.pauses, self->clock().now(),
                                 state.context->wall.now());
  }
  for (const auto& x : state.options.added)
    state.added.add(x); // a lasting entry stays lasting
  for (const auto& remote : state.options.manual)
    if (is_dialable(state, remote))
      state.plan->add_manual(remote);
  for (const auto& x : state.added.entries())
    if (x.remote && is_dialable(state, *x.remote))
      state.plan->add_manual(*x.remote);
  for (const auto& name : state.options.names)
    state.names->add(name, self->clock().now());
  for (const auto& x : state.added.entries())
    if (x.name)
      state.names->add(*x.name, self->clock().now());
  state.plan->set_anchors({saved.anchors.begin(), saved.anchors.end()});
}

nlohmann::json record_of_added(const std::string& text) {
  return {{"added", text}};
}
nlohmann::json record_of_removed(const std::string& text) {
  return {{"removed", text}};
}

} // namespace peerage::dialing
