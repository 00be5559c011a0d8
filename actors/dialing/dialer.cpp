// SPDX-License-Identifier: MIT
#include "actors/dialing/dialer.hpp"

#include "actors/admission/obstacle_list.hpp"
#include "actors/base/log.hpp"
#include "actors/dialing/saved_dials.hpp"
#include "actors/interfaces/addresses.hpp"
#include "actors/interfaces/bans.hpp"
#include "actors/interfaces/broadcasts.hpp"
#include "actors/interfaces/peer.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "actors/peer/collect_attempts.hpp"
#include "actors/storage/state_file.hpp"
#include "messages/checks/mutant.hpp"

#include <caf/sec.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <cmath>

namespace peerage {

namespace {

using dialer_pointer = dialer_actor::stateful_pointer<dialer_state>;

enum alarm_token : std::uint64_t { wake_alarm = 1, save_dials_alarm };

void tell_event(dialer_pointer self, event_type type, const endpoint& remote,
                dial_purpose why, std::optional<peer_exit> reason = {},
                std::optional<time_point> deadline = {}) {
  const auto& context = *self->state.context;
  event what;
  what.type = type;
  what.address = remote;
  what.direction = peer_direction::outbound;
  what.evidence = to_string(why);
  what.started_by = is_manual(why) ? initiator::user : initiator::discovery;
  if (reason) {
    what.reason = peerage::to_string(*reason);
    what.started_by = initiator_of(*reason);
  }
  if (deadline)
    what.deadline = context.wall.expected(*deadline, self->clock().now());
  record(self, context, std::move(what));
}

// -- saving ----------------------------------------------------------------------------

nlohmann::json body_to_save(dialer_pointer self) {
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

// A change in the journal is one of these.
nlohmann::json record_of_added(const std::string& text) {
  return {{"added", text}};
}
nlohmann::json record_of_removed(const std::string& text) {
  return {{"removed", text}};
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

void load(dialer_pointer self) {
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

// -- what the plan says -----------------------------------------------------------------

dated_moment date_now(dialer_pointer self) {
  return self->state.context->wall.date(self->clock().now());
}

void book_is_told(dialer_pointer self, const endpoint& remote, dial_ended::outcome result,
                  std::uint64_t services = 0) {
  if (self->state.others.book)
    self->send(self->state.others.book, dial_ended{remote, result, services});
}

void start(dialer_pointer self, const endpoint& remote, dial_purpose why) {
  auto& state = self->state;
  tell_event(self, event_type::dial_started, remote, why);
  self->send(state.others.peers, dial_begun{remote});
  const auto id = next_peer_id(*state.context);
  auto attempt =
    dial(self->system(), state.context, remote, caf::actor_cast<peer_sink>(self), id);
  state.attempts[remote] = {id, std::move(attempt)};
}

void dial_more(dialer_pointer self);

void ask_book(dialer_pointer self, const dial_plan::ask_book& x) {
  auto answered = [self, x](const candidates& found) {
    if (self->state.stopping)
      return;
    self->state.plan->offer(x, found.entries, self->clock().now());
    dial_more(self);
  };
  auto failed = [answered](caf::error&) { answered(candidates{}); };
  auto response = self->request(self->state.others.book, address_book_timeout,
                                get_candidates{x.count, x.feeler});
  if (is_on(mutant::book_awaited_by_dialer))
    return response.await(answered, failed);
  response.then(answered, failed);
}

void sleep(dialer_pointer self, std::optional<time_point> until) {
  auto& at = self->state.alarm_at;
  if (!until || (at && *at <= *until))
    return; // an alarm that rings too early is cheaper than moving it
  at = std::max(*until, self->clock().now() + std::chrono::milliseconds(1));
  self->send(self->state.context->alarms, set_alarm{wake_alarm, *at});
}

// -- host names -------------------------------------------------------------------------

/// Calls `then` with the result, later.
template <class Then>
void look_up(dialer_pointer self, const host_name& name, const Then& then) {
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
std::vector<endpoint> dialable_of(dialer_pointer self, const resolved& x) {
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

void take_lookup(dialer_pointer self, const host_name& name, const resolved& x) {
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

void look_up_due_names(dialer_pointer self) {
  auto& state = self->state;
  if (!state.plan->is_active())
    return;
  for (const auto& name : state.names->take_due(self->clock().now()))
    look_up(self, name, [self, name](const resolved& x) { take_lookup(self, name, x); });
}

void on_resolved(dialer_pointer self, const resolved& x) {
  auto waiting = self->state.lookups.extract(host_name{x.name, x.port});
  if (waiting.empty())
    return;
  for (const auto& then : waiting.mapped())
    then(x);
  dial_more(self);
}

/// The address of a name is dialed or connected no longer: the next one is looked up.
void let_go_of(dialer_pointer self, const endpoint& remote, bool was_named) {
  if (was_named && std::ranges::count(self->state.options.manual, remote) == 0 &&
      !self->state.added.contains(remote))
    self->state.plan->remove_manual(remote);
}

/// Does everything that can be done now.
void dial_more(dialer_pointer self) {
  auto& state = self->state;
  if (!state.others.peers || state.stopping)
    return;
  look_up_due_names(self);
  if (state.plan->is_active())
    sleep(self, state.names->next_lookup());
  for (bool sleeps = false; !sleeps;) {
    const auto step = state.plan->next(date_now(self));
    for (const auto& remote : state.plan->take_released())
      book_is_told(self, remote, dial_ended::outcome::released);
    if (auto dialing = std::get_if<dial_plan::start_dial>(&step))
      start(self, dialing->remote, dialing->why);
    else if (auto question = std::get_if<dial_plan::ask_book>(&step))
      ask_book(self, *question);
    else
      sleeps = true, sleep(self, std::get<dial_plan::sleep>(step).until);
  }
}

// -- what came of it -------------------------------------------------------------------

/// What the end of a dial means for its address.
dial_ended::outcome outcome_for_book(peer_exit x) {
  if (x == peer_exit::self_connection)
    return dial_ended::outcome::own;
  return says_nothing(x) ? dial_ended::outcome::released : dial_ended::outcome::failed;
}

void log_failure(const dialer_state& state, const endpoint& remote, dial_purpose why,
                 peer_exit reason) {
  if (reason == peer_exit::no_descriptor)
    log::warn(
      "the system has no descriptor for another connection: dials wait (raise the "
      "limit of open files, or lower --max-outbound and --max-inbound)");
  if (says_nothing(reason) && !is_manual(why))
    return;
  // The first failure of a manual peer, then quietly: it may be away for days.
  const bool is_news = is_manual(why) && (state.names->contains(remote)
                                            ? state.names->failures_of(remote) == 0
                                            : state.plan->failures_of(remote) == 1);
  log::write({is_news ? log::level::info : log::level::debug, to_string(reason)},
             "dial of {} failed: {}", log::field("address", to_string(remote)),
             log::field("reason", to_string(reason)));
}

/// When the address will be dialed again, by itself.
std::optional<time_point> next_dial_of(dialer_pointer self, const endpoint& remote,
                                       dial_purpose why, peer_exit reason) {
  const auto& plan = *self->state.plan;
  const bool only_once = why == dial_purpose::requested && !plan.is_manual_peer(remote);
  if (only_once || reason == peer_exit::self_connection ||
      reason == peer_exit::disconnect_requested || reason == peer_exit::banned)
    return std::nullopt;
  return plan.ready_at(remote).value_or(self->clock().now());
}

/// A dial has failed.
void end_failed(dialer_pointer self, const endpoint& remote, peer_exit reason) {
  auto& state = self->state;
  const bool was_own = state.plan->has_met_itself_at(remote);
  const auto why = state.plan->failed(remote, reason, self->clock().now());
  state.attempts.erase(remote);
  ++state.counts.failures[static_cast<std::size_t>(reason)];
  state.file.mark_changed();
  if (reason != peer_exit::self_connection)
    log_failure(state, remote, why, reason);
  else if (!was_own)
    log::info("{} is this node itself: not dialed again",
              log::field("address", to_string(remote)));
  tell_event(self, event_type::dial_failed, remote, why, reason,
             state.plan->ready_at(remote));
  book_is_told(self, remote, outcome_for_book(reason));
  self->send(state.others.peers,
             dial_given_up{remote, reason, next_dial_of(self, remote, why, reason)});
  let_go_of(self, remote, state.names->dial_failed(remote, reason, self->clock().now()));
}

void on_failed(dialer_pointer self, const peer_failed& x) {
  auto& state = self->state;
  auto found = state.attempts.find(x.remote);
  if (found == state.attempts.end() || found->second.id != x.id)
    return; // we have ended it
  end_failed(self, x.remote, x.reason);
  if (x.misbehaviour && state.others.ban_manager)
    self->send(state.others.ban_manager, report_misbehaviour{x.remote, *x.misbehaviour});
  dial_more(self);
}

/// Ends the dials under way that are `wanted`, at once; the results of their attempts
/// come later and are ignored. Peers handed to the set are left to it.
/// @returns how many there were.
template <class Predicate>
std::size_t end_dials_if(dialer_pointer self, peer_exit reason, Predicate wanted) {
  auto& state = self->state;
  std::vector<endpoint> found;
  for (const auto& [remote, x] : state.attempts)
    if (wanted(remote, x))
      found.push_back(remote);
  for (const auto& remote : found) {
    self->send_exit(state.attempts.at(remote).actor, caf::make_error(reason));
    end_failed(self, remote, reason);
  }
  return found.size();
}

void change_bans(dialer_pointer self, const bans_changed& x) {
  auto& state = self->state;
  const auto now = state.context->wall.now();
  state.plan->change_bans(x, now);
  if (x.added.empty())
    return;
  end_dials_if(self, peer_exit::banned, [&](const endpoint& remote, const auto&) {
    return state.plan->is_banned(remote, now);
  });
  dial_more(self);
}

void set_active(dialer_pointer self, bool active) {
  self->state.plan->set_active(active);
  if (!active)
    end_dials_if(self, peer_exit::network_inactive,
                 [](const endpoint&, const auto&) { return true; });
  dial_more(self);
}

void on_ready(dialer_pointer self, const peer_ready& x) {
  auto& state = self->state;
  const auto& remote = x.info.remote;
  auto found = state.attempts.find(remote);
  if (state.stopping || found == state.attempts.end() || found->second.id != x.info.id)
    return; // the last handle of its client goes: the peer ends
  ++state.counts.handshakes;
  book_is_told(self, remote, dial_ended::outcome::connected, x.info.services);
  const auto why = state.plan->dials().at(remote).why;
  state.attempts.erase(found);
  if (auto reason = state.plan->ready(remote, x.info.services, self->clock().now())) {
    self->send_exit(x.client, caf::make_error(*reason));
    ++state.counts.failures[static_cast<std::size_t>(*reason)];
    tell_event(self, event_type::dial_failed, remote, why, *reason);
    self->send(state.others.peers,
               dial_given_up{remote, *reason, next_dial_of(self, remote, why, *reason)});
    let_go_of(self, remote,
              state.names->dial_failed(remote, *reason, self->clock().now()));
    return dial_more(self);
  }
  ++state.counts.offered;
  self->send(state.others.peers, join_set{x, is_manual(why)});
}

void on_joined(dialer_pointer self, const peer_info& info) {
  if (!self->state.plan->joined(info, self->clock().now()))
    return;
  self->state.names->joined(info.remote, self->clock().now());
  self->state.file.mark_changed();
  dial_more(self);
}

void on_left(dialer_pointer self, const peer_info& info) {
  auto& state = self->state;
  const auto now = self->clock().now();
  if (state.plan->left(info, now)) {
    state.file.mark_changed();
    let_go_of(self, info.remote, state.names->left(info.remote, now));
  }
  dial_more(self);
}

// -- for people ------------------------------------------------------------------------

/// The error for a peer that is named and out of reach; empty for others.
std::optional<caf::error> refusal_of(const dialer_state& state, const endpoint& remote) {
  const auto problem = reach_problem(state.plan->reach(), remote);
  if (problem.empty())
    return std::nullopt;
  return caf::make_error(caf::sec::runtime_error,
                         to_string(remote) + " is not dialed: " + std::string(problem));
}

/// Answers true when the change is on the disk, too.
caf::result<bool> answer_when_kept(dialer_pointer self, nlohmann::json record,
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

caf::result<bool> add(dialer_pointer self, const add_manual_peer& x) {
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

/// An existing connection stays, but is not dialed again once it ends; a dial under way
/// ends.
caf::result<bool> remove(dialer_pointer self, const std::string& text) {
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

bool disconnect(dialer_pointer self, const disconnect_peer& x) {
  const auto ended =
    end_dials_if(self, peer_exit::disconnect_requested,
                 [&](const endpoint& remote, const auto& attempt) {
                   return x.peer != 0 ? attempt.id == x.peer : remote == x.address;
                 });
  dial_more(self);
  return ended > 0;
}

caf::result<peer_snapshots> collect(dialer_pointer self) {
  std::vector<attempt_to_ask> all;
  for (const auto& [remote, x] : self->state.attempts) {
    const auto why = self->state.plan->dials().at(remote).why;
    all.push_back({x.actor, is_manual(why), why == dial_purpose::feeler});
  }
  return collect_attempts(self, all);
}

caf::result<bool> dial_now(dialer_pointer self, const endpoint& remote) {
  auto& state = self->state;
  if (auto refusal = refusal_of(state, remote))
    return std::move(*refusal);
  if (state.stopping || !state.others.peers ||
      !state.plan->request(remote, date_now(self)))
    return false;
  start(self, remote, dial_purpose::requested);
  dial_more(self);
  return true;
}

/// The same for a name; its addresses are tried in their order until one is dialed.
caf::result<bool> dial_name_now(dialer_pointer self, const host_name& name) {
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

/// Where a name stands that has no address.
name_obstacles explain_lookup(dialer_pointer self, const named_peers::peer& x) {
  obstacle_list result;
  if (x.is_looked_up)
    result.add("name_lookup", "its name is being looked up");
  else
    result.add("backoff",
               x.problem + "; " + std::to_string(x.failures) + " failures in a row",
               self->state.context->wall.expected(x.ready_at, self->clock().now()));
  return {std::nullopt, result.take()};
}

caf::result<name_obstacles> explain_named(dialer_pointer self, const host_name& name) {
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

attempt_counts count(const dialer_state& state) {
  auto result = state.counts;
  result.in_flight = state.plan->dials().size();
  result.in_flight_limit = state.options.limits.max_in_flight;
  result.limit = state.options.limits.max_outbound;
  result.saves = state.file.counts();
  return result;
}

void save_later(dialer_pointer self) {
  const auto& state = self->state;
  if (!state.options.directory.empty())
    self->send(
      state.context->alarms,
      set_alarm{save_dials_alarm, self->clock().now() + state.options.save_every});
}

void on_alarm(dialer_pointer self, std::uint64_t token) {
  auto& state = self->state;
  if (token == save_dials_alarm) {
    state.file.save_changes();
    return save_later(self);
  }
  state.alarm_at.reset();
  dial_more(self);
}

void stop(dialer_pointer self) {
  auto& state = self->state;
  if (std::exchange(state.stopping, true))
    return;
  end_dials_if(self, peer_exit::shutting_down,
               [](const endpoint&, const auto&) { return true; });
  for (const auto& [name, waiting] : std::exchange(state.lookups, {}))
    for (const auto& then : waiting)
      then(resolved{name.host, {}, "the node stops", name.port});
  state.options.resolver = nullptr;
  state.file.finish([self](const std::string& problem) {
    if (problem.empty())
      self->quit(caf::exit_reason::user_shutdown);
    else
      self->quit(not_saved(problem));
  });
}

} // namespace

dialer_actor::behavior_type dialer(dialer_pointer self, node_context_ptr context,
                                   dialer_options options) {
  auto& state = self->state;
  state.context = std::move(context);
  state.options = std::move(options);
  state.plan.emplace(state.options.limits, state.context->random, self->clock().now());
  state.names.emplace(state.context->random);
  load(self);
  save_later(self);
  self->set_exit_handler([self](caf::exit_msg&) { stop(self); });
  return {
    [self](const peer_ready& x) { on_ready(self, x); },
    [self](const peer_failed& x) { on_failed(self, x); },
    [self](const attach_discovery& x) {
      self->state.others = x;
      self->state.plan->set_book(x.book != nullptr);
      dial_more(self);
    },
    [self](const peer_joined& x) { on_joined(self, x.info); },
    [self](const peer_left& x) { on_left(self, x.info); },
    [self](const bans_changed& x) { change_bans(self, x); },
    [self](addresses_available) {
      self->state.plan->book_has_more(self->clock().now());
      dial_more(self);
    },
    [self](const set_network_active& x) { set_active(self, x.active); },
    [self](get_attempt_counts) { return count(self->state); },
    [self](const add_manual_peer& x) { return add(self, x); },
    [self](const remove_manual_peer& x) { return remove(self, x.text); },
    [self](const dial_once& x) { return dial_now(self, x.remote); },
    [self](const dial_name_once& x) { return dial_name_now(self, x.name); },
    [self](get_manual_peers) { return list_manual(self->state); },
    [self](const explain_dial& x) {
      return self->state.plan->explain(x.remote, date_now(self));
    },
    [self](const explain_name& x) { return explain_named(self, x.name); },
    [self](const resolved& x) { on_resolved(self, x); },
    [self](get_peer_snapshots) { return collect(self); },
    [self](const disconnect_peer& x) { return disconnect(self, x); },
    [self](const alarm& x) { on_alarm(self, x.token); },
  };
}

} // namespace peerage
