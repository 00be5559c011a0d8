// SPDX-License-Identifier: MIT
#include "actors/status/http/http_admission.hpp"

#include <algorithm>

namespace peerage {

admission::verdict admission::enter(connection_id who, clock::time_point now) {
  std::optional<connection_id> leaves;
  if (readers() >= limits_.readers && !(leaves = first_reader(who)))
    return {};
  places_[who].since = now;
  return {true, leaves};
}

admission::verdict admission::identify(connection_id who, bool has_cookie,
                                       clock::time_point now) {
  std::optional<connection_id> leaves;
  if (has_cookie && calls() >= limits_.calls && !(leaves = slowest_call(who)))
    return {};
  if (auto* known = find(who)) {
    known->has_cookie = has_cookie;
    if (has_cookie) // else its time counts from its first byte
      known->since = now;
  }
  return {true, leaves};
}

admission::verdict admission::serve(connection_id who, bool urgent,
                                    clock::time_point now) {
  auto* known = find(who);
  if (!known)
    return {};
  std::optional<connection_id> leaves;
  const auto limit = urgent ? limits_.urgent : limits_.served;
  if (!known->has_cookie && served(urgent) >= limit) {
    leaves = slowest(urgent, urgent ? now : now - stalled);
    if (!leaves && !known->hasty)
      leaves = hastiest(urgent);
    if (!leaves)
      return {};
  }
  known->urgent = urgent;
  move(who, stage::answering, now);
  return {true, leaves};
}

bool admission::wait(connection_id who) {
  auto* known = find(who);
  if (!known || known->at == stage::waiting)
    return true;
  const auto waiting = std::ranges::count(
    places_, stage::waiting, [](const auto& entry) { return entry.second.at; });
  if (static_cast<std::size_t>(waiting) >= limits_.waiting)
    return false;
  known->at = stage::waiting;
  known->waits = true;
  return true;
}

void admission::write(connection_id who, clock::time_point now) {
  move(who, stage::writing, now);
}

void admission::work(connection_id who, clock::time_point now) {
  if (const auto* known = find(who))
    move(who, known->waits ? stage::waiting : stage::answering, now);
}

void admission::hurry(connection_id who) {
  if (auto* known = find(who))
    known->hasty = true;
}

void admission::rest(connection_id who, bool hasty, clock::time_point now) {
  if (auto* known = find(who)) {
    known->has_cookie = false; // each request has its own
    known->urgent = false;
    known->waits = false;
    known->hasty = hasty;
  }
  move(who, stage::reading, now);
}

void admission::leave(connection_id who, clock::time_point now) {
  if (auto* known = find(who))
    known->has_cookie = false;
  move(who, stage::leaving, now);
}

void admission::remove(connection_id who) {
  places_.erase(who);
}

std::optional<admission::connection_id>
admission::slowest_reader(clock::time_point now) const {
  return slowest(false, now - stalled);
}

std::size_t admission::count(stage at, bool has_cookie) const {
  return static_cast<std::size_t>(std::ranges::count_if(places_, [&](const auto& entry) {
    return entry.second.at == at && entry.second.has_cookie == has_cookie;
  }));
}

admission::place* admission::find(connection_id who) {
  auto found = places_.find(who);
  return found == places_.end() ? nullptr : &found->second;
}

void admission::move(connection_id who, stage at, clock::time_point now) {
  if (auto* known = find(who)) {
    known->at = at;
    known->since = now;
  }
}

std::size_t admission::readers() const {
  return count(stage::reading, false) + count(stage::leaving, false);
}

std::size_t admission::served(bool urgent) const {
  return static_cast<std::size_t>(std::ranges::count_if(places_, [&](const auto& entry) {
    const auto& x = entry.second;
    return (x.at == stage::answering || x.at == stage::writing) && !x.has_cookie &&
           x.urgent == urgent;
  }));
}

std::size_t admission::calls() const {
  return count(stage::reading, true) + count(stage::answering, true) +
         count(stage::writing, true);
}

/// The suitable place whose stage or last progress began first.
template <class Suitable>
std::optional<admission::connection_id> admission::oldest(Suitable suitable) const {
  const std::pair<const connection_id, place>* found = nullptr;
  for (const auto& entry : places_)
    if (suitable(entry.first, entry.second) &&
        (!found || entry.second.since < found->second.since))
      found = &entry;
  return found ? std::optional{found->first} : std::nullopt;
}

/// The connection that is leaving, or else has been idle or sending, for the longest.
std::optional<admission::connection_id> admission::first_reader(connection_id but) const {
  auto leaving = oldest([&](connection_id id, const place& x) {
    return id != but && !x.has_cookie && x.at == stage::leaving;
  });
  return leaving ? leaving : oldest([&](connection_id id, const place& x) {
    return id != but && !x.has_cookie && x.at == stage::reading;
  });
}

/// Of those that have been writing since `before` or earlier.
std::optional<admission::connection_id>
admission::slowest(bool urgent, clock::time_point before) const {
  return oldest([&](connection_id, const place& x) {
    return x.at == stage::writing && !x.has_cookie && x.urgent == urgent &&
           x.since <= before;
  });
}

/// Of those whose request came before the previous answer was out.
std::optional<admission::connection_id> admission::hastiest(bool urgent) const {
  return oldest([&](connection_id, const place& x) {
    return x.at == stage::answering && !x.has_cookie && x.urgent == urgent && x.hasty;
  });
}

/// Of those with the cookie that do not send, or do not read, or are hasty.
std::optional<admission::connection_id> admission::slowest_call(connection_id but) const {
  return oldest([&](connection_id id, const place& x) {
    return id != but && x.has_cookie &&
           (x.at == stage::reading || x.at == stage::writing ||
            (x.at == stage::answering && x.hasty));
  });
}

} // namespace peerage
