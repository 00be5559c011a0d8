// SPDX-License-Identifier: MIT
#include "actors/events/event_history.hpp"

#include "messages/checks/mutant.hpp"

#include <algorithm>
#include <array>

namespace peerage {

namespace {

/// The oldest event of the most frequent type.
template <class Events>
auto least_telling(Events& events) {
  std::array<std::size_t, event_type_count> counts{};
  for (const auto& x : events)
    ++counts[static_cast<std::size_t>(x->type)];
  const auto most =
    static_cast<event_type>(std::ranges::max_element(counts) - counts.begin());
  return std::ranges::find_if(events, [most](const auto& x) { return x->type == most; });
}

} // namespace

std::size_t event_history::key_hash::operator()(const key& x) const {
  if (const auto* id = std::get_if<peer_id>(&x))
    return std::hash<peer_id>{}(*id);
  return std::hash<endpoint>{}({std::get<1>(x), 0});
}

const event& event_history::add(event x) {
  x.seq = next_++;
  auto shared = std::make_shared<const event>(std::move(x));
  events_.push_back(shared);
  if (events_.size() > max_events)
    events_.pop_front();
  if (shared->peer != 0)
    remember(shared->peer, shared);
  if (shared->address.port != 0)
    remember(shared->address.ip, shared);
  if (subnet range; !shared->range.empty() && parse_subnet(shared->range, range)) {
    bans_.push_back({range, shared});
    if (bans_.size() > max_bans)
      bans_.pop_front();
  }
  return *shared;
}

void event_history::remember(const key& whose, const event_ptr& x) {
  auto [found, fresh] = subjects_.try_emplace(whose);
  auto& of = found->second;
  if (fresh)
    of.use = uses_.insert(uses_.end(), whose);
  else
    uses_.splice(uses_.end(), uses_, of.use);
  of.events.push_back(x);
  if (of.events.size() > max_of_subject)
    of.events.erase(least_telling(of.events));
  if (subjects_.size() > max_subjects) {
    subjects_.erase(uses_.front());
    uses_.pop_front();
  }
}

event_batch event_history::since(std::uint64_t from, std::uint64_t limit,
                                 const event_filter& filter) const {
  event_batch result;
  result.first = first();
  result.last = next_;
  auto at = std::max(from, result.first);
  for (; at < next_ && result.entries.size() < limit; ++at) {
    const auto& x = *events_[static_cast<std::size_t>(at - result.first)];
    if (filter.accepts(x))
      result.entries.push_back(x);
  }
  result.next = std::max(at, from);
  if (is_on(mutant::event_gap_hidden))
    result.first = std::min(result.first, from);
  return result;
}

event_history::event_ptr event_history::start_of(const event& first) const {
  auto host = subjects_.find(first.address.ip);
  if (host == subjects_.end())
    return nullptr;
  event_ptr result;
  for (const auto& x : host->second.events)
    if (x->address == first.address && x->seq < first.seq &&
        (x->type == event_type::dial_started ||
         x->type == event_type::connection_accepted))
      result = x;
  return result;
}

event_batch event_history::of(const get_event_history& whose) const {
  event_batch result;
  result.first = first();
  result.next = result.last = next_;
  auto found = subjects_.find(whose.peer != 0 ? key{whose.peer} : key{whose.address.ip});
  if (whose.peer != 0 && found != subjects_.end())
    if (auto start = start_of(*found->second.events.front()))
      result.entries.push_back(*start);
  auto is_named = [&named = whose.address](const endpoint& x) {
    return (named.port == 0 || named.port == x.port) &&
           (named.zone == 0 || named.zone == x.zone);
  };
  if (found != subjects_.end())
    for (const auto& x : found->second.events)
      if (whose.peer != 0 || is_named(x->address))
        result.entries.push_back(*x);
  if (whose.peer == 0)
    for (const auto& x : bans_)
      if (x.range.contains(whose.address))
        result.entries.push_back(*x.what);
  std::ranges::sort(result.entries, {}, &event::seq);
  return result;
}

} // namespace peerage
