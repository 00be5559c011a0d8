// SPDX-License-Identifier: MIT
#include "actors/addresses/address_table.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace peerage {

namespace {

/// The last time that an address can have on the wire.
constexpr unix_seconds last_storable = std::numeric_limits<std::uint32_t>::max();
constexpr unix_seconds update_interval = 20 * one_minute;
constexpr unix_seconds safe_after_success = 4 * 60 * one_minute; // ADDRMAN_REPLACEMENT
constexpr unix_seconds test_window = 40 * one_minute;            // ADDRMAN_TEST_WINDOW

/// What hearsay changes in an entry.
insert_result refresh(address_entry& known, const wire::network_address& news,
                      unix_seconds now) {
  const auto time = std::max(plausible_last_seen(known.address.time, now), news.time);
  auto services = known.address.services;
  if (known.last_success == 0)
    services |= news.services;
  if (time == known.address.time && services == known.address.services)
    return insert_result::known;
  known.address.time = time;
  known.address.services = services;
  return insert_result::updated;
}

/// On the occupant of a slot that another entry waits for.
enum class verdict { undecided, stays, leaves };

verdict judge(const address_entry& occupant, const address_entry& waiting,
              unix_seconds now) {
  if (occupant.is_pending(now))
    return verdict::undecided;
  if (apart(now, occupant.last_success) < safe_after_success || waiting.failures > 0)
    return verdict::stays;
  const bool failed_test =
    occupant.failures > 0 && apart(now, occupant.last_attempt) < safe_after_success;
  const bool untested = apart(now, waiting.last_success) > test_window;
  return failed_test || untested ? verdict::leaves : verdict::undecided;
}

std::optional<endpoint> give_out(address_entry* x, unix_seconds now) {
  if (x == nullptr)
    return std::nullopt;
  x->given_out = true;
  x->last_attempt = now;
  return x->remote();
}

} // namespace

address_table::address_table(const hash_secret& secret, random_source& random)
    : random_(random), entries_(0, key_hash{secret}), buckets_(secret) {}

// -- hearsay --------------------------------------------------------------------------

insert_result address_table::insert(const wire::network_address& address,
                                    const std::optional<endpoint>& source,
                                    unix_seconds now) {
  auto news = canonical(address);
  if (!news)
    return insert_result::no_address;
  news->time = plausible_last_seen(news->time, now);
  if (auto known = entries_.find(key_of(*news)); known != entries_.end())
    return refresh(known->second, *news, now);
  address_entry entry{.address = std::move(*news), .source = source};
  if (auto* occupant = buckets_.occupant(entry)) {
    if (!occupant->is_terrible(now))
      return insert_result::slot_taken;
    erase(*occupant);
  }
  add(std::move(entry));
  return insert_result::added;
}

// -- dialing --------------------------------------------------------------------------

std::optional<endpoint> address_table::pick(unix_seconds now,
                                            const entry_filter& filter) {
  const bool tried_first = random_.below(2) == 0;
  auto* x = buckets_.choose(tried_first, filter, now, random_);
  if (x == nullptr)
    x = buckets_.choose(!tried_first, filter, now, random_);
  return give_out(x, now);
}

std::optional<endpoint> address_table::pick_feeler(unix_seconds now,
                                                   const entry_filter& filter) {
  resolve_collisions(now);
  auto* x = collision_to_test(now, filter);
  if (x == nullptr)
    x = buckets_.choose(false, filter, now, random_);
  return give_out(x, now);
}

address_entry* address_table::collision_to_test(unix_seconds now,
                                                const entry_filter& filter) {
  for (const auto& waiting : collisions_) {
    auto* x = buckets_.occupant(entries_.at(waiting), true);
    if (!x->is_pending(now) && filter(*x))
      return x;
  }
  return nullptr;
}

// -- evidence -------------------------------------------------------------------------

bool address_table::connected(const endpoint& remote, std::uint64_t services,
                              unix_seconds now) {
  auto* x = lookup(remote);
  if (x == nullptr)
    return false;
  x->given_out = false;
  x->last_attempt = now;
  x->last_success = now;
  x->failures = 0;
  x->address.services = services;
  if (!x->tried) {
    const auto key = key_of(x->address);
    if (buckets_.occupant(*x, true) == nullptr)
      promote(*x, now);
    else if (collisions_.size() < max_collisions &&
             std::ranges::count(collisions_, key) == 0)
      collisions_.push_back(key);
  }
  resolve_collisions(now);
  return true;
}

bool address_table::failed(const endpoint& remote, unix_seconds now) {
  auto* x = lookup(remote);
  if (x == nullptr)
    return false;
  x->given_out = false;
  x->last_attempt = now;
  if (x->failures < std::numeric_limits<std::uint32_t>::max())
    ++x->failures;
  resolve_collisions(now);
  return true;
}

bool address_table::released(const endpoint& remote) {
  auto* x = lookup(remote);
  if (x != nullptr)
    x->given_out = false;
  return x != nullptr;
}

bool address_table::disconnected(const endpoint& remote, unix_seconds now) {
  auto* x = lookup(remote);
  if (x != nullptr && apart(now, x->address.time) > update_interval)
    x->address.time = plausible_last_seen(now, now);
  return x != nullptr;
}

// -- tried slots that two want --------------------------------------------------------

void address_table::promote(address_entry& x, unix_seconds now) {
  std::erase(collisions_, key_of(x.address));
  buckets_.remove(x);
  auto* displaced = buckets_.occupant(x, true);
  if (displaced != nullptr)
    buckets_.remove(*displaced);
  x.tried = true;
  buckets_.put(x);
  if (displaced != nullptr)
    demote(*displaced, now);
}

void address_table::demote(address_entry& x, unix_seconds now) {
  x.tried = false;
  auto* occupant = buckets_.occupant(x);
  if (occupant != nullptr &&
      (occupant->is_pending(now) || occupant->last_success > x.last_success)) {
    entries_.erase(key_of(x.address));
    return;
  }
  if (occupant != nullptr)
    erase(*occupant);
  buckets_.put(x);
}

void address_table::resolve_collisions(unix_seconds now) {
  for (const auto& key : std::vector{collisions_}) {
    const auto found = entries_.find(key);
    if (found == entries_.end())
      continue; // had to make room for one that was demoted just now
    auto& waiting = found->second;
    const auto* occupant = buckets_.occupant(waiting, true);
    const auto outcome = occupant ? judge(*occupant, waiting, now) : verdict::leaves;
    if (outcome == verdict::leaves)
      promote(waiting, now);
    else if (outcome == verdict::stays)
      std::erase(collisions_, key);
  }
}

// -- looking, removing, saving --------------------------------------------------------

std::vector<wire::network_address> address_table::sample(std::size_t max_count,
                                                         std::size_t max_percent,
                                                         const entry_filter& include,
                                                         unix_seconds now) const {
  std::vector<const address_entry*> chosen;
  for (const auto& [key, entry] : entries_)
    if (!entry.is_terrible(now) && include(entry))
      chosen.push_back(&entry);
  const auto share = (size() * std::min<std::size_t>(max_percent, 100) + 99) / 100;
  const auto count = std::min({max_count, share, chosen.size()});
  std::vector<wire::network_address> result;
  result.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::swap(chosen[i], chosen[i + random_.below(chosen.size() - i)]);
    result.push_back(chosen[i]->address);
  }
  return result;
}

const address_entry* address_table::find(const endpoint& remote) const {
  const auto found = entries_.find(key_of(remote));
  return found == entries_.end() ? nullptr : &found->second;
}

const address_entry* address_table::find(const wire::network_address& address) const {
  const auto x = canonical(address);
  const auto found = x ? entries_.find(key_of(*x)) : entries_.end();
  return found == entries_.end() ? nullptr : &found->second;
}

std::size_t address_table::erase_if(const entry_filter& filter) {
  std::vector<address_entry*> unwanted;
  for (auto& [key, entry] : entries_)
    if (filter(entry))
      unwanted.push_back(&entry);
  for (auto* x : unwanted)
    erase(*x);
  return unwanted.size();
}

std::vector<address_entry> address_table::entries() const {
  std::vector<address_entry> result;
  result.reserve(size());
  for (const auto& [key, entry] : entries_)
    result.push_back(entry);
  return result;
}

std::size_t address_table::restore(const std::vector<address_entry>& saved,
                                   unix_seconds now) {
  std::size_t taken = 0;
  for (const auto& x : saved) {
    auto address = canonical(x.address);
    if (!address || find(*address) != nullptr)
      continue;
    address_entry entry = x;
    entry.address = std::move(*address);
    // A time ahead may be right, and the clock about to be set: it is kept, and counts
    // for nothing until then. Times that no clock can have shown are brought into range.
    const auto latest = std::max<unix_seconds>(now, last_storable);
    if (entry.address.time <= now)
      entry.address.time = plausible_last_seen(entry.address.time, now);
    entry.last_attempt = std::clamp<unix_seconds>(x.last_attempt, 0, latest);
    entry.last_success = std::clamp<unix_seconds>(x.last_success, 0, latest);
    entry.given_out = false;
    // Only addresses that have answered are among the tried.
    entry.tried = x.tried && entry.last_success > 0 && entry.remote() &&
                  buckets_.occupant(entry, true) == nullptr;
    if (buckets_.occupant(entry) != nullptr)
      continue;
    add(std::move(entry));
    ++taken;
  }
  return taken;
}

bool address_table::is_consistent() const {
  for (const auto& [key, entry] : entries_)
    if (key != key_of(entry.address) || buckets_.occupant(entry) != &entry)
      return false;
  auto waits = [&](const address_key& key) {
    const auto found = entries_.find(key);
    return found != entries_.end() && !found->second.tried &&
           std::ranges::count(collisions_, key) == 1;
  };
  return buckets_.is_consistent() && buckets_.counts().total() == size() &&
         collisions_.size() <= max_collisions && std::ranges::all_of(collisions_, waits);
}

// -- entries --------------------------------------------------------------------------

address_entry* address_table::lookup(const endpoint& remote) {
  const auto found = entries_.find(key_of(remote));
  return found == entries_.end() ? nullptr : &found->second;
}

void address_table::add(address_entry entry) {
  const auto key = key_of(entry.address);
  buckets_.put(entries_.emplace(key, std::move(entry)).first->second);
}

void address_table::erase(address_entry& x) {
  const auto key = key_of(x.address);
  std::erase(collisions_, key);
  buckets_.remove(x);
  entries_.erase(key);
}

} // namespace peerage
