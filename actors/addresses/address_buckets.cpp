// SPDX-License-Identifier: MIT
#include "actors/addresses/address_buckets.hpp"

#include "messages/checks/expects.hpp"

namespace peerage {

namespace {

/// Uniform in [0, 1).
double random_fraction(random_source& random) {
  return static_cast<double>(random.next() >> 11) * 0x1p-53;
}

} // namespace

address_buckets::address_buckets(const hash_secret& secret)
    : placement_(secret), new_(new_buckets), tried_(tried_buckets) {}

address_place address_buckets::place_of(const address_entry& x, bool tried) const {
  return tried ? placement_.among_tried(x.address)
               : placement_.among_new(x.address, x.source);
}

std::size_t& address_buckets::count_of(const address_entry& x) {
  auto& counts = counts_[x.address.network_id];
  return x.tried ? counts.in_tried : counts.in_new;
}

address_entry* address_buckets::occupant(const address_entry& x, bool tried) const {
  const auto place = place_of(x, tried);
  return side(tried)[place.bucket].slots[place.slot];
}

void address_buckets::put(address_entry& x) {
  const auto place = place_of(x, x.tried);
  auto& home = side(x.tried)[place.bucket];
  PEERAGE_EXPECTS(home.slots[place.slot] == nullptr);
  home.slots[place.slot] = &x;
  ++home.filled;
  ++count_of(x);
}

void address_buckets::remove(const address_entry& x) {
  const auto place = place_of(x, x.tried);
  auto& home = side(x.tried)[place.bucket];
  PEERAGE_EXPECTS(home.slots[place.slot] == &x);
  home.slots[place.slot] = nullptr;
  --home.filled;
  --count_of(x);
}

address_entry* address_buckets::bucket::random_entry(random_source& random) const {
  PEERAGE_EXPECTS(filled > 0);
  auto ahead = random.below(filled);
  for (auto* x : slots)
    if (x != nullptr && ahead-- == 0)
      return x;
  return nullptr;
}

address_entry* address_buckets::choose(bool tried, const entry_filter& filter,
                                       unix_seconds now, random_source& random) const {
  // Random buckets, not random entries: filling few buckets with more entries must not
  // make these be drawn more often.
  std::vector<const bucket*> filled;
  for (const auto& x : side(tried))
    if (x.filled > 0)
      filled.push_back(&x);
  if (filled.empty())
    return nullptr;
  auto is_suitable = [&](const address_entry& x) {
    return x.remote() && !x.is_pending(now) && filter(x);
  };
  double patience = 1;
  for (int draw = 0; draw < max_draws; ++draw) {
    auto* x = filled[random.below(filled.size())]->random_entry(random);
    if (random_fraction(random) < patience * x->chance(now) && is_suitable(*x))
      return x;
    patience *= 1.2;
  }
  const auto start = random.below(filled.size());
  for (std::size_t i = 0; i < filled.size(); ++i)
    for (auto* x : filled[(start + i) % filled.size()]->slots)
      if (x != nullptr && is_suitable(*x))
        return x;
  return nullptr;
}

address_counts address_buckets::counts() const {
  address_counts result;
  for (const auto& x : counts_) {
    result.in_new += x.in_new;
    result.in_tried += x.in_tried;
  }
  return result;
}

address_counts address_buckets::counts(wire::address_network network) const {
  return network < counts_.size() ? counts_[network] : address_counts{};
}

bool address_buckets::is_consistent() const {
  decltype(counts_) counted;
  for (bool tried : {false, true}) {
    for (std::size_t i = 0; i < side(tried).size(); ++i) {
      const auto& home = side(tried)[i];
      std::size_t filled = 0;
      for (std::size_t j = 0; j < slots_per_bucket; ++j) {
        const auto* x = home.slots[j];
        if (x == nullptr)
          continue;
        if (x->tried != tried || place_of(*x, tried) != address_place{i, j})
          return false;
        ++filled;
        auto& counts = counted[x->address.network_id];
        ++(tried ? counts.in_tried : counts.in_new);
      }
      if (filled != home.filled)
        return false;
    }
  }
  return counted == counts_;
}

} // namespace peerage
