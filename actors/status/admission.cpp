#include "actors/status/admission.hpp"

#include <algorithm>
#include <tuple>

namespace peerage {

admission::verdict admission::enter(connection_id who, clock::time_point now) {
  std::optional<connection_id> leaves;
  if (readers() >= limits_.readers && !(leaves = first_reader(who)))
    return {};
  places_[who].since = now;
  return {true, leaves};
}

admission::verdict admission::identify(connection_id who, bool has_cookie,
                                       clock::time_point) {
  // As long as it sends, the time counts that it has taken since the first byte.
  if (has_cookie && calls() >= limits_.calls)
    return {};
  if (auto* known = find(who))
    known->has_cookie = has_cookie;
  return {true, {}};
}

admission::verdict admission::serve(connection_id who, bool urgent,
                                    clock::time_point now) {
  auto* known = find(who);
  if (!known)
    return {};
  std::optional<connection_id> leaves;
  if (!known->has_cookie) {
    const bool full = served(urgent) >= (urgent ? limits_.urgent : limits_.served);
    if (full && !(leaves = slowest(urgent, urgent ? now : now - stalled)))
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
  return true;
}

void admission::write(connection_id who, clock::time_point now) {
  move(who, stage::writing, now);
}

void admission::rest(connection_id who, clock::time_point now) {
  if (auto* known = find(who)) {
    known->has_cookie = false; // each request says it anew
    known->urgent = false;
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

/// Whoever is leaving, then whoever has been idle or sending for the longest.
std::optional<admission::connection_id> admission::first_reader(connection_id but) const {
  auto key = [](const place& x) { return std::tuple{x.at != stage::leaving, x.since}; };
  const std::pair<const connection_id, place>* found = nullptr;
  for (const auto& entry : places_) {
    const auto& x = entry.second;
    if (entry.first != but && !x.has_cookie &&
        (x.at == stage::reading || x.at == stage::leaving) &&
        (!found || key(x) < key(found->second)))
      found = &entry;
  }
  return found ? std::optional{found->first} : std::nullopt;
}

/// Of those that write since `before` or earlier.
std::optional<admission::connection_id>
admission::slowest(bool urgent, clock::time_point before) const {
  const std::pair<const connection_id, place>* found = nullptr;
  for (const auto& entry : places_) {
    const auto& x = entry.second;
    if (x.at == stage::writing && !x.has_cookie && x.urgent == urgent &&
        x.since <= before && (!found || x.since < found->second.since))
      found = &entry;
  }
  return found ? std::optional{found->first} : std::nullopt;
}

} // namespace peerage
