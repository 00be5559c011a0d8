#include "actors/discovery/standing.hpp"

#include "actors/discovery/state_file.hpp"
#include "actors/log.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <chrono>
#include <limits>

namespace peerage {

namespace {

using nlohmann::json;
using standing_pointer = standing_actor::stateful_pointer<standing_state>;

constexpr std::uint64_t save_alarm = 1;
constexpr std::uint64_t sweep_alarm = 2;

unix_seconds unix_now(standing_pointer self) {
  return self->state.context->wall.now();
}

/// Points fade at a steady pace, whatever the wall clock is set to: this goes on from
/// what that said at the start.
unix_seconds score_now(standing_pointer self) {
  const auto age = self->clock().now() - self->state.started.at;
  return static_cast<unix_seconds>(self->state.started.unix_time) +
         std::chrono::floor<std::chrono::seconds>(age).count();
}

// -- the file --------------------------------------------------------------------------

constexpr std::string_view file_kind = "standing";
constexpr std::uint32_t file_version = 1;

json to_json(const ban& x) {
  return {{"range", to_string(x.range)},
          {"created", x.created},
          {"until", x.until},
          {"cause", reason_of(x)}};
}

json to_json(const saved_score& x) {
  return {{"host", to_string(x.host)}, {"score", x.score}, {"at", x.at}};
}

json describe(standing_pointer self) {
  const auto& state = self->state;
  const auto now = unix_now(self);
  auto bans = json::array();
  for (const auto& x : state.bans.list(now))
    bans.push_back(to_json(x));
  const auto steady = score_now(self);
  auto scores = json::array();
  for (auto x : state.scores.entries(steady)) {
    x.at += now - steady; // as old by the wall clock as it is
    scores.push_back(to_json(x));
  }
  return {{"bans", std::move(bans)}, {"scores", std::move(scores)}};
}

/// Whatever has another type than it should becomes the default.
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

/// The objects of a list; nothing if there is no such list.
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

void restore(standing_state& state, const json& body, unix_seconds now) {
  std::vector<ban> bans;
  for (const auto* x : objects_in(body, "bans")) {
    ban read;
    const auto cause = get<std::string>(*x, "cause", "");
    read.cause = parse_misbehaviour(cause);
    read.created = get(*x, "created", read.created);
    read.until = get(*x, "until", read.until);
    // A cause that we do not know is no reason to take a ban for a person's.
    if ((read.cause || cause == "manual") &&
        parse_subnet(get<std::string>(*x, "range", ""), read.range))
      bans.push_back(read);
  }
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

void load(standing_pointer self, const std::filesystem::path& path) {
  const auto found = load_and_report(path, file_kind, file_version);
  if (!found.body)
    return;
  auto& state = self->state;
  restore(state, *found.body, unix_now(self));
  log::info("{} bans and the scores of {} hosts loaded", state.bans.size(),
            state.scores.size());
}

void save_later(standing_pointer self) {
  self->send(self->state.context->alarms,
             set_alarm{save_alarm, self->clock().now() + self->state.save_every});
}

// -- bans ------------------------------------------------------------------------------

void schedule_sweep(standing_pointer self) {
  auto& state = self->state;
  auto next = state.bans.next_end();
  if (!next)
    return;
  const auto now = unix_now(self);
  // Not by subtraction alone: an end may be the last moment there is.
  const auto last = now + node_clock::longest_wait.count();
  const std::chrono::seconds pause{std::clamp(*next, now, last) - now};
  self->send(state.context->alarms, set_alarm{sweep_alarm, self->clock().now() + pause});
}

void sweep(standing_pointer self) {
  if (self->state.bans.sweep(unix_now(self)) > 0)
    self->state.file.mark_changed();
  schedule_sweep(self);
}

void tell_observers(standing_pointer self, const bans_changed& x) {
  for (const auto& observer : self->state.users.observers)
    self->send(observer, x);
}

void tell_ban(standing_pointer self, const ban& x, const std::string& evidence) {
  event what;
  what.type = event_type::ban_added;
  what.range = to_string(x.range);
  what.reason = reason_of(x);
  what.started_by = x.is_manual() ? initiator::user : initiator::node;
  what.evidence = evidence;
  what.deadline = static_cast<double>(x.until);
  record(self, *self->state.context, std::move(what));
}

void tell_lifted(standing_pointer self, const subnet& range, initiator by) {
  event what;
  what.type = event_type::ban_lifted;
  what.range = to_string(range);
  what.started_by = by;
  record(self, *self->state.context, std::move(what));
}

/// The ban that covers all of a range, if there is one.
bans covering(standing_pointer self, const subnet& range) {
  bans result;
  for (const auto& x : self->state.bans.list(unix_now(self)))
    if (x.range.contains(range)) {
      result.entries.push_back(x);
      break;
    }
  return result;
}

caf::result<bans> wait(standing_pointer self, const wait_for_ban& x) {
  auto& state = self->state;
  auto found = covering(self, x.range);
  if (!found.entries.empty() || x.timeout <= caf::timespan::zero())
    return found;
  return state.waiting.add(self, state.context->alarms, x, x.timeout);
}

/// The list has changed.
/// @param evidence What it was changed for, in a few words.
void publish(standing_pointer self, const bans_changed& x,
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
  state.waiting.check(
    self, state.context->alarms, [&](const wait_for_ban& wanted) -> std::optional<bans> {
      auto found = covering(self, wanted.range);
      return found.entries.empty() ? std::nullopt : std::optional{found};
    });
  schedule_sweep(self);
  state.file.mark_changed();
  state.file.save_changes();
}

/// Publishes the ban of a range as it is now: an older one may last longer.
void publish_ban(standing_pointer self, const subnet& range,
                 const std::string& evidence) {
  const auto all = self->state.bans.list(unix_now(self));
  auto found = std::ranges::lower_bound(all, range, {}, &ban::range);
  if (found != all.end() && found->range == range)
    publish(self, {{*found}, {}}, evidence);
}

ban_result on_set(standing_pointer self, const set_ban& x) {
  auto& bans = self->state.bans;
  const auto now = unix_now(self);
  const auto result = x.absolute ? bans.add_until(x.range, now, x.time)
                                 : bans.add(x.range, now, std::chrono::seconds{x.time});
  log::info("ban of {}: {}", to_string(x.range), to_string(result));
  if (result == ban_result::done)
    publish_ban(self, x.range,
                x.absolute    ? "asked for until that time"
                : x.time == 0 ? "asked for"
                              : "asked for " + std::to_string(x.time) + " s");
  return result;
}

ban_result on_lift(standing_pointer self, const subnet& range) {
  auto& state = self->state;
  const auto result = state.bans.remove(range, unix_now(self));
  log::info("ban of {} lifted: {}", to_string(range), to_string(result));
  if (result == ban_result::done) {
    state.scores.forget(range); // else the next slip would ban it again
    publish(self, {{}, {range}});
  }
  return result;
}

void on_clear(standing_pointer self) {
  auto& state = self->state;
  bans_changed gone;
  for (const auto& x : state.bans.list(unix_now(self)))
    gone.lifted.push_back(x.range);
  state.bans.clear();
  state.scores.forget(subnet_of({}, 0)); // everybody
  log::info("all {} bans lifted", gone.lifted.size());
  publish(self, gone);
}

// -- misbehaviour ----------------------------------------------------------------------

void ban_misbehaving(standing_pointer self, const endpoint& remote, misbehaviour cause) {
  auto& state = self->state;
  const auto range = accountable_range_of(remote);
  const auto result = state.bans.add_misbehaving(range, unix_now(self), cause);
  log::info("ban of {} for {}: {}", to_string(range), to_string(cause),
            to_string(result));
  if (result == ban_result::done)
    publish_ban(self, range, "the last slip was of " + to_string(remote));
  else if (state.users.peers) // no room for the ban: then only the peers end
    self->send(state.users.peers, end_peers_in{range, peer_exit::banned});
}

/// On loopback nobody is banned, only the peer that was reported ends.
void end_local(standing_pointer self, const endpoint& remote) {
  auto& state = self->state;
  state.scores.forget(accountable_range_of(remote));
  auto found = state.peers.find(remote);
  if (found == state.peers.end() || !state.users.peers)
    return;
  log::info("peer {} {} has misbehaved too often", found->second, to_string(remote));
  self->send(state.users.peers, end_peer{found->second, peer_exit::banned});
}

void count(standing_pointer self, const endpoint& remote, misbehaviour cause,
           std::uint64_t times = 1) {
  auto& state = self->state;
  const bool trusted = state.trusted.count(remote.with_port(0)) > 0;
  const auto change = state.scores.report(remote, cause, score_now(self), trusted);
  event what;
  what.type = event_type::misbehaviour;
  what.address = remote;
  if (auto peer = state.peers.find(remote); peer != state.peers.end())
    what.peer = peer->second;
  what.reason = to_string(cause);
  what.started_by = initiator::remote;
  what.count = times;
  what.score_before = change.before;
  what.score_after = change.after;
  record(self, *state.context, std::move(what));
  log::debug("{} at {}, {} times: {} points, {} before", to_string(cause),
             to_string(remote), times, change.after, change.before);
  if (change.after > change.before)
    state.file.mark_changed();
  if (change.ban_suggested)
    ban_misbehaving(self, remote, cause);
  else if (change.passed_threshold)
    end_local(self, remote);
}

void on_joined(standing_pointer self, const peer_info& info) {
  auto& state = self->state;
  state.peers[info.remote] = info.id;
  if (state.users.peers && state.bans.is_banned(info.remote, unix_now(self)))
    self->send(state.users.peers, end_peer{info.id, peer_exit::banned});
}

void on_left(standing_pointer self, const peer_left& x) {
  auto& peers = self->state.peers;
  auto found = peers.find(x.info.remote);
  if (found != peers.end() && found->second == x.info.id)
    peers.erase(found);
  if (auto cause = misbehaviour_of(x.reason))
    count(self, x.info.remote, *cause);
}

} // namespace

standing_actor::behavior_type standing(standing_pointer self, peer_context_ptr context,
                                       const standing_options& options) {
  auto& state = self->state;
  state.context = std::move(context);
  state.started = state.context->wall.date(self->clock().now());
  state.save_every = options.save_every;
  for (const auto& x : options.trusted)
    state.trusted.insert(x.with_port(0));
  if (!options.directory.empty()) {
    const auto path = options.directory / "standing.json";
    load(self, path);
    state.file.open(self, options.saver, path, std::string(file_kind), file_version,
                    [self] { return describe(self); });
    save_later(self);
  }
  schedule_sweep(self);
  self->set_exit_handler([self](caf::exit_msg& x) {
    self->state.waiting.fail_all(caf::make_error(request_error::shutting_down));
    self->state.file.finish([self, reason = x.reason] { self->quit(reason); });
  });
  return {
    [self](const peer_joined& x) { on_joined(self, x.info); },
    [self](const peer_left& x) { on_left(self, x); },
    [self](const attach_ban_users& x) {
      self->state.users = x;
      tell_observers(self, {self->state.bans.list(unix_now(self)), {}});
    },
    [self](const report_misbehaviour& x) { count(self, x.remote, x.cause, x.count); },
    [self](const set_ban& x) { return static_cast<std::uint8_t>(on_set(self, x)); },
    [self](const lift_ban& x) {
      return static_cast<std::uint8_t>(on_lift(self, x.range));
    },
    [self](clear_bans) { on_clear(self); },
    [self](get_bans) { return bans{self->state.bans.list(unix_now(self))}; },
    [self](const wait_for_ban& x) { return wait(self, x); },
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
        return waiting.expire(x.token, [self](const wait_for_ban& wanted) {
          return covering(self, wanted.range);
        });
      if (x.token == sweep_alarm)
        return sweep(self);
      self->state.file.save_changes();
      save_later(self);
    },
  };
}

} // namespace peerage
