// SPDX-License-Identifier: MIT
#include "actors/dialing/dial_steps.hpp"

#include "actors/base/log.hpp"
#include "actors/dialing/name_lookups.hpp"
#include "actors/interfaces/addresses.hpp"
#include "actors/interfaces/bans.hpp"
#include "actors/interfaces/broadcasts.hpp"
#include "actors/interfaces/peer.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "messages/checks/mutant.hpp"

#include <caf/sec.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace peerage::dialing {

namespace {

void tell_event(self_pointer self, event_type type, const endpoint& remote,
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

void book_is_told(self_pointer self, const endpoint& remote, dial_ended::outcome result,
                  std::uint64_t services = 0) {
  if (self->state.others.book)
    self->send(self->state.others.book, dial_ended{remote, result, services});
}

void ask_book(self_pointer self, const dial_plan::ask_book& x) {
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

void sleep(self_pointer self, std::optional<time_point> until) {
  auto& at = self->state.alarm_at;
  if (!until || (at && *at <= *until))
    return; // an alarm that rings too early is cheaper than moving it
  at = std::max(*until, self->clock().now() + std::chrono::milliseconds(1));
  self->send(self->state.context->alarms, set_alarm{wake_alarm, *at});
}

} // namespace

// -- what the plan says -----------------------------------------------------------------

dated_moment date_now(self_pointer self) {
  return self->state.context->wall.date(self->clock().now());
}

std::optional<caf::error> refusal_of(const dialer_state& state, const endpoint& remote) {
  const auto problem = reach_problem(state.plan->reach(), remote);
  if (problem.empty())
    return std::nullopt;
  return caf::make_error(caf::sec::runtime_error,
                         to_string(remote) + " is not dialed: " + std::string(problem));
}

void start(self_pointer self, const endpoint& remote, dial_purpose why) {
  auto& state = self->state;
  tell_event(self, event_type::dial_started, remote, why);
  self->send(state.others.peers, dial_begun{remote});
  const auto id = next_peer_id(*state.context);
  auto attempt =
    dial(self->system(), state.context, remote, caf::actor_cast<peer_sink>(self), id);
  state.attempts[remote] = {id, std::move(attempt)};
}

void dial_more(self_pointer self) {
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

namespace {

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
std::optional<time_point> next_dial_of(self_pointer self, const endpoint& remote,
                                       dial_purpose why, peer_exit reason) {
  const auto& plan = *self->state.plan;
  const bool only_once = why == dial_purpose::requested && !plan.is_manual_peer(remote);
  if (only_once || reason == peer_exit::self_connection ||
      reason == peer_exit::disconnect_requested || reason == peer_exit::banned)
    return std::nullopt;
  return plan.ready_at(remote).value_or(self->clock().now());
}

/// A dial has failed.
void end_failed(self_pointer self, const endpoint& remote, peer_exit reason) {
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

} // namespace

void on_failed(self_pointer self, const peer_failed& x) {
  auto& state = self->state;
  auto found = state.attempts.find(x.remote);
  if (found == state.attempts.end() || found->second.id != x.id)
    return; // we have ended it
  end_failed(self, x.remote, x.reason);
  if (x.misbehaviour && state.others.ban_manager)
    self->send(state.others.ban_manager, report_misbehaviour{x.remote, *x.misbehaviour});
  dial_more(self);
}

void on_ready(self_pointer self, const peer_ready& x) {
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

std::size_t end_dials_if(self_pointer self, peer_exit reason,
                         const dial_predicate& wanted) {
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

} // namespace peerage::dialing
