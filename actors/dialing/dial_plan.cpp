// SPDX-License-Identifier: MIT
#include "actors/dialing/dial_plan.hpp"

#include "actors/admission/obstacle_list.hpp"
#include "messages/checks/mutant.hpp"
#include "messages/wire/addresses.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace peerage {

namespace {

/// Addresses asked of the book at a time: enough that a few unsuitable ones do not cost a
/// question each.
constexpr std::size_t max_question = 16;

/// Below this rate, still more dials would gain nothing.
constexpr double lowest_answer_rate = 0.02;

/// The plan counts places itself: a dial takes none before it has led to a peer.
connection_limits without_total(connection_limits x) {
  x.total = std::numeric_limits<std::size_t>::max();
  return x;
}

std::size_t difference_or_zero(std::size_t a, std::size_t b) {
  return a - std::min(a, b);
}

unix_seconds date_of(const dated_moment& x) {
  return static_cast<unix_seconds>(std::floor(x.unix_time));
}

} // namespace

std::string_view to_string(dial_purpose x) {
  switch (x) {
  case dial_purpose::manual: return "manual";
  case dial_purpose::requested: return "requested once";
  case dial_purpose::anchor: return "anchor of the last run";
  case dial_purpose::candidate: return "candidate of the address book";
  case dial_purpose::feeler: return "feeler";
  }
  return "unknown";
}

namespace {

std::uint8_t network_of(const endpoint& x) {
  return x.is_ipv4() ? wire::ipv4_network : wire::ipv6_network;
}

} // namespace

bool says_nothing(peer_exit x) {
  switch (x) {
  case peer_exit::shutting_down:
  case peer_exit::internal_error:
  case peer_exit::banned:
  case peer_exit::network_inactive:
  case peer_exit::out_of_reach:
  case peer_exit::no_descriptor:
  case peer_exit::disconnect_requested: return true;
  default: return false;
  }
}

dial_plan::dial_plan(dial_limits limits, random_source& random, time_point now)
    : limits_(std::move(limits)), random_(&random), caps_(without_total(limits_.caps)),
      manual_pauses_(manual_backoff, random), pauses_(discovered_backoff, random),
      next_start_(now), next_question_(now), next_feeler_(now + feeler_interval) {}

// -- what stands in the way -------------------------------------------------------------

/// Passes each obstacle to `found`, as a function that adds it to a list.
template <class Visit>
void dial_plan::visit_obstacles(const endpoint& remote, dial_purpose why,
                                const dated_moment& now, Visit found) const {
  if (!active_)
    found([](obstacle_list& to) { to.add_network(false); });
  if (!is_within(limits_.reach, remote))
    found([&](obstacle_list& to) { to.add_reach(limits_.reach, remote); });
  if (is_own(remote))
    found([](obstacle_list& to) { to.add("own_address", "it is this node itself"); });
  if (dials_.contains(remote))
    found([](obstacle_list& to) { to.add("already_dialing", "it is being dialed"); });
  else if (is_connected(remote))
    found([](obstacle_list& to) { to.add("already_connected", "it is a peer"); });
  if (const auto ban = bans_.find(remote, date_of(now)))
    found([&](obstacle_list& to) { to.add_ban(ban); });
  if (const auto ready = ready_at(remote); ready && *ready > now.at)
    found([&](obstacle_list& to) {
      const std::chrono::duration<double> left = *ready - now.at;
      to.add("backoff",
             std::to_string(failures_of(remote)) + " attempts in a row have failed",
             now.unix_time + left.count());
    });
  if (now.at < short_until_)
    found([&](obstacle_list& to) {
      const std::chrono::duration<double> left = short_until_ - now.at;
      to.add("no_descriptor", "the system has no descriptor for another connection",
             now.unix_time + left.count());
    });
  if (is_full())
    found([&](obstacle_list& to) {
      to.add("dials_in_flight",
             "all " + std::to_string(limits_.max_in_flight) + " dials are under way");
    });
  if (is_manual(why))
    return;
  if (!limits_.networks.empty() &&
      std::ranges::find(limits_.networks, network_of(remote)) == limits_.networks.end())
    found([](obstacle_list& to) {
      to.add("network_excluded", "only peers of other networks are looked for");
    });
  if (!limits_.caps.loopback_exempt && !is_routable(remote))
    found([](obstacle_list& to) {
      to.add("not_routable", "the public network cannot reach it");
    });
  if (why == dial_purpose::feeler) {
    // It takes no place.
  } else if (free_places() == 0) {
    found([&](obstacle_list& to) {
      to.add("outbound_limit", "all " + std::to_string(limits_.max_outbound) +
                                 " outbound places are taken");
    });
  } else if (room() == 0) {
    found([&](obstacle_list& to) {
      to.add("enough_dials", std::to_string(dials_.size()) + " dials are under way for " +
                               std::to_string(free_places()) + " free places");
    });
  }
  if (!is_exempt(remote) && groups_.contains(address_group_of(remote)))
    found([&](obstacle_list& to) {
      to.add("group_taken",
             "another outbound peer is in " + to_string(address_group_of(remote)));
    });
  if (const auto refusal = caps_.would_refuse(remote))
    found([&](obstacle_list& to) { to.add_cap(refusal, remote); });
  if (!families_.may_dial(remote))
    found([](obstacle_list& to) {
      to.add("family_unreachable", "hardly any dial of its address family succeeds");
    });
}

obstacles dial_plan::explain(const endpoint& remote, const dated_moment& now) const {
  const auto why =
    manual_.contains(remote) ? dial_purpose::manual : dial_purpose::candidate;
  obstacle_list all;
  visit_obstacles(remote, why, now, [&](auto add) { add(all); });
  return all.take();
}

bool dial_plan::may_dial(const endpoint& remote, dial_purpose why,
                         const dated_moment& now) const {
  bool result = true;
  visit_obstacles(remote, why, now, [&](auto) { result = false; });
  return result;
}

// -- what to do -------------------------------------------------------------------------

/// Dials to start now for the free places. A feeler counts for none.
std::size_t dial_plan::room() const {
  const auto free = free_places();
  if (free == 0)
    return 0;
  const auto dialing = std::ranges::count_if(dials_, [](const auto& x) {
    return x.second.why != dial_purpose::feeler && !x.second.ready;
  });
  const auto wanted =
    static_cast<double>(free) / std::max(answer_rate_, lowest_answer_rate);
  return difference_or_zero(static_cast<std::size_t>(std::ceil(wanted)),
                            static_cast<std::size_t>(dialing));
}

std::optional<endpoint> dial_plan::due_manual(const dated_moment& now) const {
  // Most are connected: with thousands of them, a full look at each would take long.
  for (const auto& remote : manual_)
    if (!is_known(remote) && may_dial(remote, dial_purpose::manual, now))
      return remote;
  return std::nullopt;
}

/// The first address of the queue that may be dialed; removes it and all before it.
std::optional<dial_plan::start_dial> dial_plan::choose_from(std::deque<endpoint>& queue,
                                                            dial_purpose why,
                                                            const dated_moment& now) {
  while (!queue.empty()) {
    const auto remote = queue.front();
    queue.pop_front();
    // A manual peer has its own turn; it does not count as a discovered one.
    if (!manual_.contains(remote) && may_dial(remote, why, now)) {
      offers_were_used_ = true;
      families_.dialed(remote);
      return take(remote, why, now.at);
    }
    families_.left(remote);
    if (why != dial_purpose::anchor)
      released_.push_back(remote);
  }
  return std::nullopt;
}

std::optional<dial_plan::start_dial> dial_plan::choose(const dated_moment& now) {
  if (auto remote = due_manual(now))
    return take(*remote, dial_purpose::manual, now.at);
  if (auto found = choose_from(feelers_, dial_purpose::feeler, now))
    return found;
  if (room() == 0)
    return std::nullopt;
  const bool had_offers = !offered_.empty();
  if (!has_book_) // manual peers alone are wanted
    return std::nullopt;
  if (auto found = choose_from(anchors_, dial_purpose::anchor, now))
    return found;
  if (auto found = choose_from(offered_, dial_purpose::candidate, now))
    return found;
  if (had_offers && !offers_were_used_)
    next_question_ = now.at + unsuitable_interval;
  return std::nullopt;
}

std::optional<dial_plan::ask_book> dial_plan::choose_question(time_point now) {
  if (!has_book_ || asking_)
    return std::nullopt;
  if (const auto wanted = room(); wanted > 0 && now >= next_question_)
    return ask_book{std::min(wanted, max_question), false};
  else if (wanted == 0 && now >= next_feeler_) {
    const auto jitter = static_cast<std::int64_t>(random_->below(30));
    next_feeler_ = now + feeler_interval + std::chrono::seconds(jitter);
    return ask_book{1, true};
  }
  return std::nullopt;
}

dial_plan::step dial_plan::next(const dated_moment& now) {
  if (!active_)
    return sleep{};
  if (!is_full() && now.at >= next_start_) {
    if (auto start = choose(now))
      return *start;
    if (auto question = choose_question(now.at)) {
      asking_ = true;
      return *question;
    }
  }
  return sleep{wake_up(now)};
}

/// When to act without an event. Never a past moment: the alarm would ring at once, again
/// and again.
std::optional<time_point> dial_plan::wake_up(const dated_moment& now) const {
  std::optional<time_point> result;
  auto consider = [&](time_point x) {
    if (!result || x < *result)
      result = x;
  };
  const bool may_ask = has_book_ && !asking_;
  if (may_ask && room() == 0)
    consider(std::max(next_feeler_, next_start_));
  if (is_full())
    return result;
  for (const auto& remote : manual_)
    if (!is_known(remote) && !is_own(remote) && is_within(limits_.reach, remote)) {
      // The end of a ban is a date, which may come nearer.
      const auto ready = bans_.is_banned(remote, date_of(now))
                           ? now.at + refill_interval
                           : manual_pauses_.ready_at(remote).value_or(now.at);
      consider(std::max(ready, next_start_));
    }
  if (!feelers_.empty())
    consider(next_start_);
  if (has_book_ && room() > 0) {
    if (!anchors_.empty() || !offered_.empty())
      consider(next_start_);
    else if (may_ask && !is_on(mutant::refill_only_on_departure))
      consider(std::max(next_question_, next_start_));
  }
  return result;
}

dial_plan::start_dial dial_plan::take(const endpoint& remote, dial_purpose why,
                                      time_point now) {
  // A manual peer on this machine is no part of a scan: a swarm is dialed at once.
  if (!(is_manual(why) && is_exempt(remote)))
    next_start_ = now + dial_spacing;
  // A manual peer is counted like others, and dialed whatever the count is.
  caps_.take(remote);
  if (!is_manual(why))
    groups_.insert(address_group_of(remote));
  dials_[remote] = {why, false};
  return {remote, why};
}

/// A dial, or the connection that it became, is over.
void dial_plan::give_back(const endpoint& remote, dial_purpose why) {
  caps_.release(remote);
  if (is_manual(why))
    return;
  if (auto found = groups_.find(address_group_of(remote)); found != groups_.end())
    groups_.erase(found);
}

// -- what happened ----------------------------------------------------------------------

void dial_plan::set_book(bool is_there) {
  has_book_ = is_there;
  if (is_there)
    return;
  offered_.clear();
  feelers_.clear();
}

void dial_plan::change_bans(const bans_changed& x, unix_seconds now) {
  bans_.apply(x, now);
}

void dial_plan::add_manual(const endpoint& remote) {
  manual_.insert(remote);
  manual_pauses_.forget(remote);
}

void dial_plan::remove_manual(const endpoint& remote) {
  manual_.erase(remote);
  manual_pauses_.forget(remote);
}

void dial_plan::offer(const ask_book& question, const std::vector<endpoint>& found,
                      time_point now) {
  asking_ = false;
  if (question.feeler) {
    feelers_.insert(feelers_.end(), found.begin(), found.end());
  } else if (found.empty()) {
    next_question_ = is_on(mutant::empty_book_spins) ? now : now + refill_interval;
  } else {
    offered_.insert(offered_.end(), found.begin(), found.end());
    offers_were_used_ = false;
  }
}

bool dial_plan::request(const endpoint& remote, const dated_moment& now) {
  // A person may try even an address where we listen, once.
  if (!active_ || !is_within(limits_.reach, remote) || is_known(remote) ||
      has_met_itself_at(remote) || bans_.is_banned(remote, date_of(now)))
    return false;
  take(remote, dial_purpose::requested, now.at);
  return true;
}

/// Weighs the last ten dials or so.
void dial_plan::note_answer(bool answered) {
  answer_rate_ += ((answered ? 1.0 : 0.0) - answer_rate_) / 10;
}

void dial_plan::note_own(const endpoint& remote) {
  if (has_met_itself_at(remote))
    return;
  own_met_.push_back(remote);
  if (own_met_.size() > max_own_met)
    own_met_.pop_front();
}

dial_purpose dial_plan::failed(const endpoint& remote, peer_exit reason, time_point now) {
  const auto why = dials_.extract(remote).mapped().why;
  if (!is_on(mutant::place_leaked_on_failure))
    give_back(remote, why);
  if (reason == peer_exit::self_connection) {
    note_own(remote);
  } else if (reason == peer_exit::network_inactive) {
    // Dialed again when the network is back.
  } else if (is_manual(why)) {
    manual_pauses_.failed(remote, now);
  } else if (!says_nothing(reason)) {
    pauses_.failed(remote, now);
    note_answer(false);
  }
  if (reason == peer_exit::no_descriptor)
    short_until_ = now + shortage_pause;
  if (!says_nothing(reason))
    families_.report(remote, reason != peer_exit::connect_timeout &&
                               reason != peer_exit::connect_failed);
  return why;
}

std::optional<peer_exit> dial_plan::ready(const endpoint& remote, std::uint64_t services,
                                          time_point now) {
  auto& attempt = dials_.at(remote);
  const auto why = attempt.why;
  families_.report(remote, true);
  if (!is_manual(why))
    note_answer(true);
  std::optional<peer_exit> leave;
  const auto needed = limits_.needed_services;
  if (!active_)
    leave = peer_exit::network_inactive;
  else if (why == dial_purpose::feeler || (!is_manual(why) && free_places() == 0))
    leave = peer_exit::feeler_done;
  else if (!is_manual(why) && (services & needed) != needed)
    leave = peer_exit::lacks_services;
  if (!leave) {
    attempt.ready = true;
    return std::nullopt;
  }
  dials_.erase(remote);
  give_back(remote, why);
  if (leave == peer_exit::feeler_done)
    pauses_.disconnected(remote, backoff::settled, now);
  else if (leave == peer_exit::lacks_services)
    pauses_.failed(remote, now);
  return leave;
}

bool dial_plan::joined(const peer_info& info, time_point now) {
  if (info.direction == peer_direction::inbound) {
    // Counts against dials into its subnet, also if its host is being dialed: that dial
    // may fail, and the peer stays.
    caps_.take(info.remote);
    return false;
  }
  auto found = dials_.find(info.remote);
  if (found == dials_.end())
    return false;
  connected_[info.id] = {info.remote, found->second.why, now};
  connected_to_.insert(info.remote);
  dials_.erase(found);
  return true;
}

bool dial_plan::left(const peer_info& info, time_point now) {
  if (info.direction == peer_direction::inbound) {
    caps_.release(info.remote);
    return false;
  }
  auto why = dial_purpose::candidate;
  auto since = now;
  if (auto peer = connected_.find(info.id); peer != connected_.end()) {
    why = peer->second.why;
    since = peer->second.since;
    connected_to_.erase(connected_to_.find(info.remote));
    connected_.erase(peer);
  } else if (auto attempt = dials_.find(info.remote);
             attempt != dials_.end() && attempt->second.ready) {
    why = attempt->second.why; // the set did not take it in
    dials_.erase(attempt);
  } else {
    return false;
  }
  give_back(info.remote, why);
  (is_manual(why) ? manual_pauses_ : pauses_).disconnected(info.remote, now - since, now);
  return true;
}

// -- what is so -------------------------------------------------------------------------

bool dial_plan::has_met_itself_at(const endpoint& remote) const {
  return std::ranges::count(own_met_, remote) > 0;
}

bool dial_plan::is_own(const endpoint& remote) const {
  return has_met_itself_at(remote) ||
         (!manual_.contains(remote) && std::ranges::count(limits_.own, remote) > 0);
}

bool dial_plan::is_full() const {
  return dials_.size() >= limits_.max_in_flight && !is_on(mutant::dial_limit_ignored);
}

std::size_t dial_plan::free_places() const {
  const auto ready =
    std::ranges::count_if(dials_, [](const auto& x) { return x.second.ready; });
  return difference_or_zero(limits_.max_outbound,
                            connected_.size() + static_cast<std::size_t>(ready));
}

std::vector<endpoint> dial_plan::longest_connected(std::size_t count) const {
  std::vector<connection> found;
  for (const auto& [id, x] : connected_)
    if (!is_manual(x.why))
      found.push_back(x);
  std::ranges::sort(found, {}, &connection::since);
  std::vector<endpoint> result;
  for (const auto& x : found)
    if (result.size() < count)
      result.push_back(x.remote);
  return result;
}

} // namespace peerage
