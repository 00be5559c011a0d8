#include "actors/dialing/dialer.hpp"

#include "actors/base/log.hpp"
#include "actors/dialing/dial_obstacles.hpp"
#include "actors/dialing/saved_dials.hpp"
#include "actors/peer/collect_attempts.hpp"
#include "actors/storage/state_file.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <cmath>

namespace peerage {

namespace {

using dialer_pointer = dialer_actor::stateful_pointer<dialer_state>;
using purpose = dialer_state::purpose;

constexpr std::uint64_t wake_alarm = 1;
/// Of the book at a time: enough that a few unsuitable ones do not cost a question each.
constexpr std::size_t max_question = 16;

/// Below, more dials are for nothing but more dials.
constexpr double lowest_answer_rate = 0.02;

/// A person wants this peer: no cap and no place stands in its way.
bool is_named(purpose x) {
  return x == purpose::manual || x == purpose::requested;
}

std::string_view to_string(purpose x) {
  switch (x) {
  case purpose::manual: return "manual";
  case purpose::requested: return "requested once";
  case purpose::anchor: return "anchor of the last run";
  case purpose::candidate: return "candidate of the address book";
  case purpose::feeler: return "feeler";
  }
  return "unknown";
}

void tell_event(dialer_pointer self, event_type type, const endpoint& remote, purpose why,
                std::optional<peer_exit> reason = {},
                std::optional<time_point> deadline = {}) {
  const auto& context = *self->state.context;
  event what;
  what.type = type;
  what.address = remote;
  what.direction = peer_direction::outbound;
  what.evidence = to_string(why);
  what.started_by = is_named(why) ? initiator::user : initiator::discovery;
  if (reason) {
    what.reason = peerage::to_string(*reason);
    what.started_by = initiator_of(*reason);
  }
  if (deadline)
    what.deadline = context.wall.expected(*deadline, self->clock().now());
  record(self, context, std::move(what));
}

// -- saving ----------------------------------------------------------------------------

/// The longest connected, of those that we found ourselves.
std::vector<endpoint> choose_anchors(const dialer_state& state) {
  std::vector<dialer_state::connection> found;
  for (const auto& [id, x] : state.connected)
    if (!is_named(x.why))
      found.push_back(x);
  std::ranges::sort(found, {}, &dialer_state::connection::since);
  std::vector<endpoint> result;
  for (const auto& x : found)
    if (result.size() < saved_dials::max_anchors)
      result.push_back(x.remote);
  return result;
}

nlohmann::json body_to_save(dialer_pointer self) {
  auto& state = self->state;
  auto now = self->clock().now();
  saved_dials result{
    choose_anchors(state), state.pauses->entries(now, state.context->wall.now()), {}};
  for (const auto& x : state.added.entries())
    if (x.lasting)
      result.added.push_back(x.text);
  return to_json(result);
}

/// Adds a peer of the last run.
void restore_added(dialer_state& state, const std::string& text) {
  added_peers::entry x{text, std::nullopt, true};
  if (endpoint remote; parse_endpoint(text, state.context->network.port, remote))
    x.remote = remote;
  else
    log::warn("{}, which was added once, cannot be dialed: {}", text,
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
    auto found = load_and_report(path, saved_dials::kind, saved_dials::version);
    state.file.open(self, state.options.saver, path, std::string{saved_dials::kind},
                    saved_dials::version, found.last_record,
                    [self] { return body_to_save(self); });
    if (found.body)
      saved = saved_dials_from_json(*found.body);
    for (const auto& text : saved.added)
      restore_added(state, text);
    for (const auto& change : found.changes)
      repeat(state, change);
    auto now = self->clock().now();
    state.pauses->restore(saved.pauses, now, state.context->wall.now());
  }
  for (const auto& x : state.options.added)
    state.added.add(x); // if it lasts already, it goes on to
  for (const auto& x : state.added.entries())
    if (x.remote)
      state.manual.insert(*x.remote);
  if (state.options.max_outbound > state.manual.size())
    for (const auto& anchor : saved.anchors)
      if (!state.manual.contains(anchor))
        state.anchors.push_back(anchor);
}

// -- what to dial ----------------------------------------------------------------------

std::size_t difference_or_zero(std::size_t a, std::size_t b) {
  return a - std::min(a, b);
}

/// Weighs the last ten dials or so.
void note_answer(dialer_state& state, bool answered) {
  state.answer_rate += ((answered ? 1.0 : 0.0) - state.answer_rate) / 10;
}

/// Dials to start now. A feeler counts for none.
std::size_t room(const dialer_state& state) {
  const auto free = state.free_places();
  if (free == 0)
    return 0;
  std::size_t dialing = 0;
  for (const auto& [remote, x] : state.dials)
    dialing += x.why != purpose::feeler && !x.ready ? 1 : 0;
  auto wanted =
    static_cast<double>(free) / std::max(state.answer_rate, lowest_answer_rate);
  return difference_or_zero(static_cast<std::size_t>(std::ceil(wanted)), dialing);
}

/// Whether to dial what the book offers. A place is taken in the caps if so.
bool take_place(dialer_state& state, const endpoint& remote, time_point now) {
  if (state.is_known(remote) || state.manual.contains(remote) || state.is_own(remote) ||
      state.bans.is_banned(remote, state.context->wall.now()) ||
      !state.pauses->may_dial(remote, now))
    return false;
  if (!state.is_exempt(remote) && state.groups.contains(address_group_of(remote)))
    return false;
  // Last, as they count what they are asked.
  return state.families.may_dial(remote) && !state.caps.try_take(remote);
}

void book_is_told(dialer_pointer self, const endpoint& remote, dial_ended::outcome result,
                  std::uint64_t services = 0) {
  if (self->state.others.book)
    self->send(self->state.others.book, dial_ended{remote, result, services});
}

void start(dialer_pointer self, const endpoint& remote, purpose why) {
  auto& state = self->state;
  ++state.counts.in_flight;
  state.next_start = self->clock().now() + dial_spacing;
  tell_event(self, event_type::dial_started, remote, why);
  if (is_named(why))
    std::ignore = state.caps.try_take(remote); // counted if there is room, dialed anyway
  else
    state.groups.insert(address_group_of(remote));
  const auto id = next_peer_id(*state.context);
  auto attempt =
    dial(self->system(), state.context, remote, caf::actor_cast<peer_sink>(self), id);
  state.dials[remote] = {why, false, id, std::move(attempt)};
}

/// A dial, or the connection that it became, is over.
void forget(dialer_state& state, const endpoint& remote, purpose why) {
  state.caps.release(remote);
  if (is_named(why))
    return;
  if (auto found = state.groups.find(address_group_of(remote));
      found != state.groups.end())
    state.groups.erase(found);
}

std::optional<endpoint> due_manual(const dialer_state& state, time_point now) {
  for (const auto& remote : state.manual)
    if (!state.is_known(remote) && !state.has_met_itself_at(remote) &&
        state.manual_pauses->may_dial(remote, now) &&
        !state.bans.is_banned(remote, state.context->wall.now()))
      return remote;
  return std::nullopt;
}

/// Starts one dial, if there is something to dial and a place for it.
bool start_one(dialer_pointer self) {
  auto& state = self->state;
  auto now = self->clock().now();
  if (auto remote = due_manual(state, now)) {
    start(self, *remote, purpose::manual);
    return true;
  }
  if (room(state) == 0)
    return false;
  const bool had_offers = !state.offered.empty();
  for (auto [queue, why] : {std::pair{&state.anchors, purpose::anchor},
                            std::pair{&state.offered, purpose::candidate}}) {
    while (!queue->empty()) {
      auto remote = queue->front();
      queue->pop_front();
      if (take_place(state, remote, now)) {
        state.offers_were_used = true;
        start(self, remote, why);
        return true;
      }
      if (why == purpose::candidate)
        book_is_told(self, remote, dial_ended::outcome::released);
    }
  }
  if (had_offers && !state.offers_were_used)
    state.next_question = now + unsuitable_interval;
  return false;
}

void dial_more(dialer_pointer self);

void ask_book(dialer_pointer self, std::size_t count, bool feeler) {
  auto& state = self->state;
  state.asking = true;
  auto answered = [self, feeler](const candidates& x) {
    auto& our = self->state;
    our.asking = false;
    if (our.stopping)
      return;
    if (feeler) {
      for (const auto& remote : x.entries)
        if (our.network_active && take_place(our, remote, self->clock().now()))
          start(self, remote, purpose::feeler);
        else
          book_is_told(self, remote, dial_ended::outcome::released);
    } else if (x.entries.empty()) {
      our.next_question = self->clock().now() + refill_interval;
    } else {
      our.offered.insert(our.offered.end(), x.entries.begin(), x.entries.end());
      our.offers_were_used = false;
    }
    dial_more(self);
  };
  self->request(state.others.book, address_book_timeout, get_candidates{count, feeler})
    .then(answered, [answered](caf::error&) { answered(candidates{}); });
}

/// When there is something to do though nobody says so.
void set_wake_up(dialer_pointer self) {
  auto& state = self->state;
  auto now = self->clock().now();
  std::optional<time_point> next;
  auto consider = [&](time_point x) {
    if (!next || x < *next)
      next = x;
  };
  if (!state.options.directory.empty())
    consider(state.next_save);
  const bool may_ask = state.others.book && !state.asking;
  // Nothing that cannot be done yet: a moment that has passed would ring at once, and
  // again.
  if (may_ask && room(state) == 0)
    consider(std::max(state.next_feeler, state.next_start));
  if (state.counts.in_flight < state.options.max_in_flight) {
    for (const auto& remote : state.manual)
      if (!state.is_known(remote) && !state.has_met_itself_at(remote)) {
        const bool banned = state.bans.is_banned(remote, state.context->wall.now());
        auto ready = state.manual_pauses->ready_at(remote).value_or(now);
        consider(std::max(banned ? now + refill_interval : ready, state.next_start));
      }
    if (room(state) > 0) {
      if (!state.anchors.empty() || !state.offered.empty())
        consider(state.next_start);
      else if (may_ask)
        consider(std::max(state.next_question, state.next_start));
    }
  }
  if (!next || (state.alarm_at && *state.alarm_at <= *next))
    return; // one that rings too early is cheaper than one that is moved
  state.alarm_at = std::max(*next, now + std::chrono::milliseconds(1));
  self->send(state.context->alarms, set_alarm{wake_alarm, *state.alarm_at});
}

/// Whatever can be done now. Ends after each dial that was started, for the spacing.
void dial_more(dialer_pointer self) {
  auto& state = self->state;
  if (!state.others.peers || state.stopping || !state.network_active)
    return;
  auto now = self->clock().now();
  if (state.counts.in_flight < state.options.max_in_flight && now >= state.next_start &&
      !start_one(self) && state.others.book && !state.asking) {
    if (auto free = room(state); free > 0 && now >= state.next_question)
      ask_book(self, std::min(free, max_question), false);
    else if (free == 0 && now >= state.next_feeler) {
      auto jitter = static_cast<std::int64_t>(state.context->random.below(30));
      state.next_feeler = now + feeler_interval + std::chrono::seconds(jitter);
      ask_book(self, 1, true);
    }
  }
  set_wake_up(self);
}

// -- what came of it -------------------------------------------------------------------

/// Ends of dials that say nothing about the address.
bool is_ours(peer_exit x) {
  switch (x) {
  case peer_exit::shutting_down:
  case peer_exit::internal_error:
  case peer_exit::banned:
  case peer_exit::network_inactive:
  case peer_exit::disconnect_requested: return true;
  default: return false;
  }
}

void note_own(dialer_state& state, const endpoint& remote) {
  if (state.has_met_itself_at(remote))
    return;
  log::info("{} is this node itself: not dialed again", to_string(remote));
  state.own_met.push_back(remote);
  if (state.own_met.size() > dialer_state::max_own_met)
    state.own_met.pop_front();
}

/// Until when the address is left alone.
void note_failure(dialer_pointer self, const endpoint& remote, purpose why,
                  peer_exit reason) {
  auto& state = self->state;
  auto now = self->clock().now();
  if (reason == peer_exit::self_connection) {
    note_own(state, remote);
  } else if (reason == peer_exit::network_inactive) {
    // Whoever was dialed is dialed again when the network is back.
  } else if (is_named(why)) {
    state.manual_pauses->failed(remote, now);
    // Once, then quietly: a peer that is away may be so for days.
    log::write({state.manual_pauses->failures_of(remote) == 1 ? log::level::info
                                                              : log::level::debug,
                to_string(reason)},
               "dial of {} failed: {}", to_string(remote), to_string(reason));
  } else if (!is_ours(reason)) {
    state.pauses->failed(remote, now);
    note_answer(state, false);
    log::write({log::level::debug, to_string(reason)}, "dial of {} failed: {}",
               to_string(remote), to_string(reason));
  }
}

/// A dial has come to nothing.
void end_failed(dialer_pointer self, const endpoint& remote, peer_exit reason) {
  auto& state = self->state;
  const auto why = state.dials.extract(remote).mapped().why;
  --state.counts.in_flight;
  ++state.counts.failures[static_cast<std::size_t>(reason)];
  forget(state, remote, why);
  state.file.mark_changed();
  note_failure(self, remote, why, reason);
  tell_event(self, event_type::dial_failed, remote, why, reason,
             (state.manual.contains(remote) ? state.manual_pauses : state.pauses)
               ->ready_at(remote));
  if (!is_ours(reason))
    state.families.report(remote, reason != peer_exit::connect_timeout &&
                                    reason != peer_exit::connect_failed);
  book_is_told(self, remote,
               reason == peer_exit::self_connection ? dial_ended::outcome::own
               : is_ours(reason)                    ? dial_ended::outcome::released
                                                    : dial_ended::outcome::failed);
}

void on_failed(dialer_pointer self, const peer_failed& x) {
  auto& state = self->state;
  auto found = state.dials.find(x.remote);
  if (found == state.dials.end() || found->second.id != x.id)
    return; // we have ended it
  end_failed(self, x.remote, x.reason);
  if (x.misbehaviour && state.others.ban_manager)
    self->send(state.others.ban_manager, report_misbehaviour{x.remote, *x.misbehaviour});
  dial_more(self);
}

/// Ends the dials under way that are `wanted`, at once: what their attempts say of it
/// comes when nobody knows them any more. Those that the set has been given are its own.
/// @returns how many there were.
template <class Predicate>
std::size_t end_dials_if(dialer_pointer self, peer_exit reason, Predicate wanted) {
  auto& state = self->state;
  std::vector<endpoint> found;
  for (const auto& [remote, x] : state.dials)
    if (!x.ready && wanted(remote, x))
      found.push_back(remote);
  for (const auto& remote : found) {
    self->send_exit(state.dials.at(remote).attempt, caf::make_error(reason));
    end_failed(self, remote, reason);
  }
  return found.size();
}

void change_bans(dialer_pointer self, const bans_changed& x) {
  auto& state = self->state;
  const auto now = state.context->wall.now();
  state.bans.restore(x.added, now);
  for (const auto& range : x.lifted)
    state.bans.remove(range, now);
  if (x.added.empty())
    return;
  end_dials_if(self, peer_exit::banned, [&](const endpoint& remote, const auto&) {
    return state.bans.is_banned(remote, now);
  });
  dial_more(self);
}

void set_active(dialer_pointer self, bool active) {
  self->state.network_active = active;
  if (!active)
    end_dials_if(self, peer_exit::network_inactive,
                 [](const endpoint&, const auto&) { return true; });
  dial_more(self);
}

/// Leaves a peer before the set has it.
void leave(dialer_pointer self, const peer_ready& x, peer_exit reason) {
  auto& state = self->state;
  const auto why = state.dials.at(x.info.remote).why;
  self->send_exit(x.client, caf::make_error(reason));
  state.dials.erase(x.info.remote);
  --state.counts.in_flight;
  ++state.counts.failures[static_cast<std::size_t>(reason)];
  tell_event(self, event_type::dial_failed, x.info.remote, why, reason);
  forget(state, x.info.remote, why);
  auto now = self->clock().now();
  if (reason == peer_exit::feeler_done)
    state.pauses->disconnected(x.info.remote, backoff::settled, now);
  else
    state.pauses->failed(x.info.remote, now);
  dial_more(self);
}

void on_ready(dialer_pointer self, const peer_ready& x) {
  auto& state = self->state;
  auto found = state.dials.find(x.info.remote);
  if (state.stopping || found == state.dials.end() || found->second.id != x.info.id)
    return; // nobody holds the client: the peer ends
  const auto why = found->second.why;
  ++state.counts.handshakes;
  state.families.report(x.info.remote, true);
  book_is_told(self, x.info.remote, dial_ended::outcome::connected, x.info.services);
  if (!is_named(why))
    note_answer(state, true);
  if (!state.network_active)
    return leave(self, x, peer_exit::network_inactive);
  if (why == purpose::feeler || (!is_named(why) && state.free_places() == 0))
    return leave(self, x, peer_exit::feeler_done);
  const auto needed = state.options.needed_services;
  if (!is_named(why) && (x.info.services & needed) != needed)
    return leave(self, x, peer_exit::lacks_services);
  // In flight until the set has it, so that it is never counted nowhere.
  found->second.ready = true;
  ++state.counts.offered;
  self->send(state.others.peers, join_set{x, is_named(why)});
}

void on_joined(dialer_pointer self, const peer_info& info) {
  auto& state = self->state;
  if (info.direction == peer_direction::inbound) {
    // Counts against dials into its subnet.
    std::ignore = state.caps.try_take(info.remote);
    return;
  }
  auto found = state.dials.find(info.remote);
  if (found == state.dials.end())
    return;
  state.file.mark_changed();
  state.connected[info.id] = {info.remote, found->second.why, self->clock().now()};
  state.dials.erase(found);
  --state.counts.in_flight;
  dial_more(self);
}

void on_left(dialer_pointer self, const peer_info& info) {
  auto& state = self->state;
  auto now = self->clock().now();
  if (info.direction == peer_direction::inbound) {
    state.caps.release(info.remote);
    return dial_more(self);
  }
  purpose why{};
  auto since = now;
  if (auto peer = state.connected.find(info.id); peer != state.connected.end()) {
    why = peer->second.why;
    since = peer->second.since;
    state.connected.erase(peer);
  } else if (auto attempt = state.dials.find(info.remote);
             attempt != state.dials.end() && attempt->second.ready) {
    // The set did not take it in.
    why = attempt->second.why;
    state.dials.erase(attempt);
    --state.counts.in_flight;
  } else {
    return;
  }
  forget(state, info.remote, why);
  state.file.mark_changed();
  auto& pauses = is_named(why) ? state.manual_pauses : state.pauses;
  pauses->disconnected(info.remote, now - since, now);
  dial_more(self);
}

// -- for people ------------------------------------------------------------------------

/// Answers "done" when it is on the disk, too.
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

caf::result<bool> pin(dialer_pointer self, const add_manual_peer& x) {
  auto& state = self->state;
  const auto text = x.text.empty() ? to_string(x.remote) : x.text;
  if (state.added.add({text, x.remote, true})) {
    state.manual.insert(x.remote);
    state.manual_pauses->forget(x.remote);
    dial_more(self);
  } else if (!state.unsaved.contains(text)) {
    return false;
  }
  return answer_when_kept(self, record_of_added(text), text, " is added");
}

/// A connection that exists stays, but is nothing special any more once it ends; a dial
/// for it is for nothing.
caf::result<bool> unpin(dialer_pointer self, const std::string& text) {
  auto& state = self->state;
  if (auto removed = state.added.remove(text)) {
    const auto& always = state.options.manual;
    if (removed->remote && std::ranges::count(always, *removed->remote) == 0) {
      state.manual.erase(*removed->remote);
      end_dials_if(self, peer_exit::disconnect_requested,
                   [&](const endpoint& dialed, const auto& x) {
                     return dialed == *removed->remote && x.why == purpose::manual;
                   });
      state.manual_pauses->forget(*removed->remote);
    }
  } else if (!state.unsaved.contains(text)) {
    return false;
  }
  return answer_when_kept(self, record_of_removed(text), text, " is removed");
}

bool disconnect(dialer_pointer self, const disconnect_peer& x) {
  const auto ended = end_dials_if(
    self, peer_exit::disconnect_requested, [&](const endpoint& remote, const auto& dial) {
      return x.peer != 0 ? dial.id == x.peer : remote == x.address;
    });
  dial_more(self);
  return ended > 0;
}

caf::result<peer_snapshots> collect(dialer_pointer self) {
  std::vector<attempt_to_ask> all;
  for (const auto& [remote, x] : self->state.dials)
    if (!x.ready)
      all.push_back({x.attempt, is_named(x.why), x.why == purpose::feeler});
  return collect_attempts(self, all);
}

bool dial_now(dialer_pointer self, const endpoint& remote) {
  auto& state = self->state;
  if (state.is_known(remote) || state.has_met_itself_at(remote) || state.stopping ||
      !state.network_active || !state.others.peers ||
      state.bans.is_banned(remote, state.context->wall.now()))
    return false;
  start(self, remote, purpose::requested);
  set_wake_up(self);
  return true;
}

manual_peers list_manual(const dialer_state& state) {
  manual_peers result;
  for (const auto& x : state.added.entries())
    result.entries.push_back(
      {x.text, x.remote, x.remote && state.is_connected(*x.remote)});
  return result;
}

void on_alarm(dialer_pointer self) {
  auto& state = self->state;
  state.alarm_at.reset();
  auto now = self->clock().now();
  if (now >= state.next_save) {
    state.next_save = now + state.options.save_every;
    state.file.save_changes();
  }
  dial_more(self);
}

void stop(dialer_pointer self) {
  auto& state = self->state;
  if (std::exchange(state.stopping, true))
    return;
  end_dials_if(self, peer_exit::shutting_down,
               [](const endpoint&, const auto&) { return true; });
  state.file.finish([self](const std::string& problem) {
    if (problem.empty())
      self->quit(caf::exit_reason::user_shutdown);
    else
      self->quit(not_saved(problem));
  });
}

} // namespace

bool dialer_state::is_connected(const endpoint& remote) const {
  return std::ranges::any_of(connected,
                             [&](const auto& x) { return x.second.remote == remote; });
}

bool dialer_state::has_met_itself_at(const endpoint& remote) const {
  return std::ranges::count(own_met, remote) > 0;
}

bool dialer_state::is_own(const endpoint& remote) const {
  return has_met_itself_at(remote) || std::ranges::count(options.own, remote) > 0;
}

bool dialer_state::is_known(const endpoint& remote) const {
  return dials.contains(remote) || is_connected(remote);
}

std::size_t dialer_state::free_places() const {
  auto taken = connected.size();
  for (const auto& [remote, x] : dials)
    taken += x.ready ? 1 : 0;
  return difference_or_zero(options.max_outbound, taken);
}

bool dialer_state::is_exempt(const endpoint& remote) const {
  return options.caps.loopback_exempt && remote.is_loopback();
}

dialer_actor::behavior_type dialer(dialer_pointer self, node_context_ptr context,
                                   dialer_options options) {
  auto& state = self->state;
  auto now = self->clock().now();
  state.context = std::move(context);
  state.options = std::move(options);
  state.manual = {state.options.manual.begin(), state.options.manual.end()};
  auto caps = state.options.caps;
  caps.total = std::numeric_limits<std::size_t>::max(); // places are counted here
  state.caps = connection_caps{caps};
  state.manual_pauses.emplace(manual_backoff, state.context->random);
  state.pauses.emplace(discovered_backoff, state.context->random);
  state.next_start = state.next_question = now;
  state.next_feeler = now + feeler_interval;
  state.next_save = now + state.options.save_every;
  load(self);
  self->set_exit_handler([self](caf::exit_msg&) { stop(self); });
  return {
    [self](const peer_ready& x) { on_ready(self, x); },
    [self](const peer_failed& x) { on_failed(self, x); },
    [self](const attach_discovery& x) {
      self->state.others = x;
      dial_more(self);
    },
    [self](const peer_joined& x) { on_joined(self, x.info); },
    [self](const peer_left& x) { on_left(self, x.info); },
    [self](const bans_changed& x) { change_bans(self, x); },
    [self](addresses_available) {
      self->state.next_question = self->clock().now();
      dial_more(self);
    },
    [self](get_attempt_counts) { return self->state.counts; },
    [self](const add_manual_peer& x) { return pin(self, x); },
    [self](const remove_manual_peer& x) { return unpin(self, x.text); },
    [self](const dial_once& x) { return dial_now(self, x.remote); },
    [self](get_manual_peers) { return list_manual(self->state); },
    [self](const set_network_active& x) { set_active(self, x.active); },
    [self](const explain_dial& x) {
      return dial_obstacles(self->state, x.remote, self->clock().now());
    },
    [self](get_peer_snapshots) { return collect(self); },
    [self](const disconnect_peer& x) { return disconnect(self, x); },
    [self](const alarm&) { on_alarm(self); },
  };
}

} // namespace peerage
