// SPDX-License-Identifier: MIT
#include "actors/bans/ban_manager.hpp"

#include "actors/base/log.hpp"
#include "actors/interfaces/broadcasts.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "actors/storage/state_file.hpp"
#include "messages/ban.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <chrono>
#include <limits>

namespace peerage {

namespace {

using nlohmann::json;
using ban_manager_pointer = ban_manager_actor::stateful_pointer<ban_manager_state>;

constexpr std::uint64_t save_bans_alarm = 1;
constexpr std::uint64_t sweep_alarm = 2;

unix_seconds unix_now(ban_manager_pointer self) {
  return self->state.context->wall.now();
}

/// Points fade at a steady pace, however the wall clock is set: this continues from the
/// wall time of the start.
unix_seconds score_now(ban_manager_pointer self) {
  const auto age = self->clock().now() - self->state.started.at;
  return static_cast<unix_seconds>(self->state.started.unix_time) +
         std::chrono::floor<std::chrono::seconds>(age).count();
}

// -- the file --------------------------------------------------------------------------

constexpr std::string_view file_kind = "standing";
constexpr std::uint32_t file_version = 1;

json saved_ban(const ban& x) {
  return {{"range", to_string(x.range)},
          {"created", x.created},
          {"until", x.until},
          {"cause", reason_of(x)}};
}

json to_json(const saved_score& x) {
  return {{"host", to_string(x.host)}, {"score", x.score}, {"at", x.at}};
}

json describe(ban_manager_pointer self) {
  const auto& state = self->state;
  const auto now = unix_now(self);
  auto bans = json::array();
  for (const auto& x : state.bans.list(now))
    bans.push_back(saved_ban(x));
  const auto steady = score_now(self);
  auto scores = json::array();
  for (auto x : state.scores.entries(steady)) {
    x.at += now - steady; // as old by the wall clock as it is
    scores.push_back(to_json(x));
  }
  return {{"bans", std::move(bans)}, {"scores", std::move(scores)}};
}

/// A member of another type becomes the default.
template <class Value>
Value get(const json& from, const char* key, Value otherwise) {
  const auto found = from.find(key);
  if (found == from.end())
    return otherwise;
  if constexpr (std::is_same_v<Value, std::string>)
    return found->is_string() ? found->template get<Value>() : otherwise;
  else if constexpr (std::is_floating_point_v<Value>)
    return found->is_number() ? found->template get<Value>() : otherwise;
  else
    return found->is_number_integer() ? found->template get<Value>() : otherwise;
}

/// The objects of a list; none if there is no such list.
std::vector<const json*> objects_in(const json& body, const char* list) {
  std::vector<const json*> result;
  if (!body.is_object())
    return result;
  if (auto found = body.find(list); found != body.end() && found->is_array())
    for (const auto& x : *found)
      if (x.is_object())
        result.push_back(&x);
  return result;
}

/// A range as it was saved. If its link is gone, the range holds on all links: better
/// than to forget it.
bool range_from(std::string text, subnet& out) {
  if (parse_subnet(text, out))
    return true;
  if (const auto zone = text.find('%'); zone != text.npos)
    text.erase(zone, text.find('/', zone) - zone);
  return parse_subnet(text, out);
}

std::optional<ban> ban_from(const json& x) {
  ban read;
  const auto cause = get<std::string>(x, "cause", "");
  read.cause = parse_misbehaviour(cause);
  read.created = get(x, "created", read.created);
  read.until = get(x, "until", read.until);
  // A ban of unknown cause must not be taken for a manual one.
  if ((read.cause || cause == "manual") &&
      range_from(get<std::string>(x, "range", ""), read.range))
    return read;
  return std::nullopt;
}

void restore(ban_manager_state& state, const json& body, unix_seconds now) {
  std::vector<ban> bans;
  for (const auto* x : objects_in(body, "bans"))
    if (auto read = ban_from(*x))
      bans.push_back(*read);
  std::vector<saved_score> scores;
  for (const auto* x : objects_in(body, "scores")) {
    saved_score read;
    read.score = get(*x, "score", read.score);
    read.at = get(*x, "at", read.at);
    if (parse_subnet(get<std::string>(*x, "host", ""), read.host))
      scores.push_back(read);
  }
  state.bans.restore(bans, now);
  state.scores.restore(scores, now);
}

// A change in the journal is one of these.
json record_of(const ban& x) {
  return {{"banned", saved_ban(x)}};
}
json record_of_lifted(const subnet& range) {
  return {{"lifted", to_string(range)}};
}
json record_of_clearing() {
  return {{"cleared", true}};
}

void repeat(ban_manager_state& state, const json& change, unix_seconds now) {
  if (!change.is_object())
    return;
  subnet range;
  if (auto found = change.find("banned"); found != change.end() && found->is_object()) {
    if (auto read = ban_from(*found)) {
      state.bans.remove(read->range, now); // the record replaces the known ban
      state.bans.restore({*read}, now);
    }
  } else if (range_from(get<std::string>(change, "lifted", ""), range)) {
    state.bans.remove(range, now);
    state.scores.forget(range);
  } else if (change.contains("cleared")) {
    state.bans.clear();
    state.scores.clear();
  }
}

/// Gives the number of the last record.
std::uint64_t load(ban_manager_pointer self, const std::filesystem::path& path) {
  const auto found =
    load_and_report(*self->state.context->disk, path, file_kind, file_version);
  auto& state = self->state;
  const auto now = unix_now(self);
  if (found.body)
    restore(state, *found.body, now);
  for (const auto& change : found.changes)
    repeat(state, change, now);
  if (found.body || !found.changes.empty())
    log::info("{} bans and the scores of {} hosts loaded", state.bans.size(),
              state.scores.size());
  return found.last_record;
}

void save_later(ban_manager_pointer self) {
  self->send(self->state.context->alarms,
             set_alarm{save_bans_alarm, self->clock().now() + self->state.save_every});
}

// -- bans ------------------------------------------------------------------------------

void schedule_sweep(ban_manager_pointer self) {
  auto& state = self->state;
  auto next = state.bans.next_end();
  if (!next)
    return;
  const auto now = unix_now(self);
  // No subtraction first: an end may be the last moment there is.
  const auto last = now + node_clock::longest_wait.count();
  const std::chrono::seconds pause{std::clamp(*next, now, last) - now};
  self->send(state.context->alarms, set_alarm{sweep_alarm, self->clock().now() + pause});
}

void sweep(ban_manager_pointer self) {
  if (self->state.bans.sweep(unix_now(self)) > 0)
    self->state.file.mark_changed();
  schedule_sweep(self);
}

void tell_observers(ban_manager_pointer self, const bans_changed& x) {
  for (const auto& observer : self->state.users.observers)
    self->send(observer, x);
}

void tell_ban(ban_manager_pointer self, const ban& x, const std::string& evidence) {
  event what;
  what.type = event_type::ban_added;
  what.range = to_string(x.range);
  what.reason = reason_of(x);
  what.started_by = x.is_manual() ? initiator::user : initiator::node;
  what.evidence = evidence;
  what.deadline = static_cast<double>(x.until);
  record(self, *self->state.context, std::move(what));
}

void tell_lifted(ban_manager_pointer self, const subnet& range, initiator by) {
  event what;
  what.type = event_type::ban_lifted;
  what.range = to_string(range);
  what.started_by = by;
  record(self, *self->state.context, std::move(what));
}

/// The ban that covers all of a range, if there is one.
bans covering(ban_manager_pointer self, const subnet& range) {
  bans result;
  if (auto found = self->state.bans.find(range, unix_now(self)))
    result.entries.push_back(*found);
  return result;
}

/// The list has changed.
/// @param evidence What it was changed for, in a few words.
void publish(ban_manager_pointer self, const bans_changed& x,
             const std::string& evidence = {}) {
  auto& state = self->state;
  tell_observers(self, x);
  if (state.users.peers)
    for (const auto& added : x.added)
      self->send(state.users.peers, end_peers_in{added.range, peer_exit::banned});
  for (const auto& added : x.added)
    tell_ban(self, added, evidence);
  for (const auto& range : x.lifted)
    tell_lifted(self, range, initiator::user);
  state.waiting.check(self);
  schedule_sweep(self);
}

/// Notes which changes of bans are on the disk. There are at most as many as bans at a
/// time: a caller that goes on while the disk fails has had enough errors.
state_saver::kept_handler note_kept(ban_manager_pointer self, const subnet& range) {
  return [self, range](const std::string& problem) {
    auto& unsaved = self->state.unsaved;
    if (problem.empty())
      unsaved.erase(range);
    else if (unsaved.size() < ban_list::max_bans)
      unsaved.insert(range);
  };
}

using ban_answer = caf::result<std::uint8_t>;

ban_answer answer_with(ban_result x) {
  return static_cast<std::uint8_t>(x);
}

/// Answers `done` when the change is on the disk, too.
ban_answer answer_when_kept(ban_manager_pointer self, json record, const subnet& range,
                            std::string in_force) {
  return self->state.file.answer_when_kept(self, std::move(record),
                                           static_cast<std::uint8_t>(ban_result::done),
                                           std::move(in_force), note_kept(self, range));
}

ban_result change(ban_manager_pointer self, const set_ban& x) {
  auto& bans = self->state.bans;
  const auto now = unix_now(self);
  if (x.address_only && bans.is_manually_banned(x.range.first(), now))
    return ban_result::already_banned;
  return x.absolute ? bans.add_until(x.range, now, x.time)
                    : bans.add(x.range, now, std::chrono::seconds{x.time});
}

ban_answer on_set(ban_manager_pointer self, const set_ban& x) {
  auto& state = self->state;
  const auto result = change(self, x);
  log::info("ban of {}: {}", log::field("range", to_string(x.range)),
            log::field("result", to_string(result)));
  const auto now_banned = state.bans.get(x.range, unix_now(self));
  const bool again =
    result == ban_result::already_banned && state.unsaved.contains(x.range);
  if ((result != ban_result::done && !again) || !now_banned)
    return answer_with(result);
  if (!again)
    publish(self, {{*now_banned}, {}},
            x.absolute    ? "asked for until that time"
            : x.time == 0 ? "asked for"
                          : "asked for " + std::to_string(x.time) + " s");
  return answer_when_kept(self, record_of(*now_banned), x.range, "the ban is in force");
}

ban_answer on_lift(ban_manager_pointer self, const subnet& range) {
  auto& state = self->state;
  const auto result = state.bans.remove(range, unix_now(self));
  log::info("ban of {} lifted: {}", log::field("range", to_string(range)),
            log::field("result", to_string(result)));
  if (result == ban_result::done) {
    state.scores.forget(range); // else the next misbehaviour would ban it again
    publish(self, {{}, {range}});
  } else if (!state.unsaved.contains(range)) {
    return answer_with(result);
  }
  return answer_when_kept(self, record_of_lifted(range), range, "the ban is lifted");
}

ban_answer on_clear(ban_manager_pointer self) {
  auto& state = self->state;
  bans_changed gone;
  for (const auto& x : state.bans.list(unix_now(self)))
    gone.lifted.push_back(x.range);
  state.bans.clear();
  state.scores.clear();
  log::info("all {} bans lifted", log::field("bans", gone.lifted.size()));
  publish(self, gone);
  return state.file.answer_when_kept(
    self, record_of_clearing(), static_cast<std::uint8_t>(ban_result::done),
    "all bans are lifted", [self](const std::string& problem) {
      if (problem.empty())
        self->state.unsaved.clear();
    });
}

// -- misbehaviour ----------------------------------------------------------------------

void ban_misbehaving(ban_manager_pointer self, const endpoint& remote,
                     misbehaviour cause) {
  auto& state = self->state;
  const auto range = accountable_range_of(remote);
  const auto result = state.bans.add_misbehaving(range, unix_now(self), cause);
  log::write({log::level::info, to_string(cause)}, "ban of {} for {}: {}",
             log::field("range", to_string(range)),
             log::field("reason", to_string(cause)),
             log::field("result", to_string(result)));
  // An older ban of the range may last longer than the new one.
  const auto now_banned = state.bans.get(range, unix_now(self));
  if (result == ban_result::done && now_banned) {
    publish(self, {{*now_banned}, {}},
            "the last misbehaviour was of " + to_string(remote));
    state.file.keep(record_of(*now_banned));
  } else if (state.users.peers) // no room for the ban: then only the peers end
    self->send(state.users.peers, end_peers_in{range, peer_exit::banned});
}

/// Where the address is shared, there is no ban: only the reported peer ends.
void end_alone(ban_manager_pointer self, const endpoint& remote) {
  auto& state = self->state;
  auto found = state.peers.find(remote);
  if (found == state.peers.end() || !state.users.peers)
    return;
  log::info("peer {} {} has misbehaved too often", log::field("peer", found->second),
            log::field("address", to_string(remote)));
  self->send(state.users.peers, end_peer{found->second, peer_exit::banned});
}

void count(ban_manager_pointer self, const endpoint& remote, misbehaviour cause,
           std::uint64_t times = 1) {
  auto& state = self->state;
  ++state.misbehaviours[static_cast<std::size_t>(cause)];
  const bool shared = state.scores.is_shared(remote);
  const bool manual = state.manual.contains(shared ? remote : remote.with_port(0));
  const auto change = state.scores.report(remote, cause, score_now(self), manual);
  event what;
  what.type = event_type::misbehaviour;
  what.address = remote;
  if (auto peer = state.peers.find(remote); peer != state.peers.end())
    what.peer = peer->second;
  else if (shared) // the connection is gone, and its points with it
    state.scores.forget_connection(remote);
  what.reason = to_string(cause);
  what.started_by = initiator::remote;
  what.count = times;
  what.score_before = change.before;
  what.score_after = change.after;
  record(self, *state.context, std::move(what));
  log::write(
    {log::level::debug, to_string(cause)}, "{} at {}, {} times: {} points, {} before",
    log::field("reason", to_string(cause)), log::field("address", to_string(remote)),
    log::field("times", times), change.after, change.before);
  if (change.after > change.before)
    state.file.mark_changed();
  if (change.ban_suggested)
    ban_misbehaving(self, remote, cause);
  else if (change.passed_threshold)
    end_alone(self, remote);
}

void on_joined(ban_manager_pointer self, const peer_info& info) {
  auto& state = self->state;
  state.peers[info.remote] = info.id;
  if (state.users.peers && state.bans.is_banned(info.remote, unix_now(self)))
    self->send(state.users.peers, end_peer{info.id, peer_exit::banned});
}

void on_left(ban_manager_pointer self, const peer_left& x) {
  auto& peers = self->state.peers;
  auto found = peers.find(x.info.remote);
  if (found != peers.end() && found->second == x.info.id)
    peers.erase(found);
  if (auto cause = misbehaviour_of(x.reason))
    count(self, x.info.remote, *cause);
  self->state.scores.forget_connection(x.info.remote);
}

} // namespace

ban_manager_actor::behavior_type ban_manager(ban_manager_pointer self,
                                             node_context_ptr context,
                                             const ban_manager_options& options) {
  auto& state = self->state;
  state.context = std::move(context);
  state.waiting.open(state.context->alarms, [self](const wait_for_ban& x) {
    auto found = covering(self, x.range);
    const bool is_banned = !found.entries.empty();
    return decltype(state.waiting)::finding{std::move(found), is_banned};
  });
  state.started = state.context->wall.date(self->clock().now());
  state.save_every = options.save_every;
  state.scores = reputation{options.shared};
  for (const auto& x : options.manual) {
    state.manual.insert(x);
    state.manual.insert(x.with_port(0));
  }
  if (!options.directory.empty()) {
    const auto path = options.directory / "standing.json";
    const auto last_record = load(self, path);
    state.file.open(self, options.saver, path, std::string(file_kind), file_version,
                    last_record, [self] { return describe(self); });
    save_later(self);
  }
  schedule_sweep(self);
  self->set_exit_handler([self](caf::exit_msg& x) {
    self->state.waiting.fail_all(caf::make_error(request_error::shutting_down));
    self->state.file.finish([self, reason = x.reason](const std::string& problem) {
      self->quit(problem.empty() ? reason : not_saved(problem));
    });
  });
  return {
    [self](const peer_joined& x) { on_joined(self, x.info); },
    [self](const peer_left& x) { on_left(self, x); },
    [self](const attach_ban_users& x) {
      self->state.users = x;
      tell_observers(self, {self->state.bans.list(unix_now(self)), {}});
    },
    [self](const report_misbehaviour& x) { count(self, x.remote, x.cause, x.count); },
    [self](const set_ban& x) { return on_set(self, x); },
    [self](const lift_ban& x) { return on_lift(self, x.range); },
    [self](clear_bans) { return on_clear(self); },
    [self](get_ban_counts) {
      const auto& found = self->state;
      return ban_counts{found.bans.size(), ban_list::max_bans, found.scores.size(),
                        found.misbehaviours, found.file.counts()};
    },
    [self](get_bans) { return bans{self->state.bans.list(unix_now(self))}; },
    [self](const wait_for_ban& x) { return self->state.waiting.ask(self, x, x.timeout); },
    [self](const cancel_request& x) { self->state.waiting.cancel(self, x); },
    [self](const get_score& x) {
      return self->state.scores.score_of(x.remote, score_now(self));
    },
    [self](const find_suspects& x) {
      suspects result;
      for (const auto& remote : x.remotes)
        if (self->state.scores.score_of(remote, score_now(self)) >= bad_reputation)
          result.remotes.push_back(remote);
      return result;
    },
    [self](const alarm& x) {
      auto& waiting = self->state.waiting;
      if (waiting.owns(x.token))
        return waiting.expire(x.token);
      if (x.token == sweep_alarm)
        return sweep(self);
      self->state.file.save_changes();
      save_later(self);
    },
  };
}

} // namespace peerage
