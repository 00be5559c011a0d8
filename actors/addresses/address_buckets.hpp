// SPDX-License-Identifier: MIT
#pragma once

#include "actors/addresses/address_entry.hpp"
#include "actors/addresses/address_placement.hpp"
#include "actors/base/random_source.hpp"

#include <array>
#include <functional>
#include <vector>

namespace peerage {

/// A caller's choice of entries. Must not change the table.
using entry_filter = std::function<bool(const address_entry&)>;

/// Addresses in the new buckets, and in the tried ones.
struct address_counts {
  std::size_t in_new = 0;
  std::size_t in_tried = 0;

  friend bool operator==(const address_counts&, const address_counts&) = default;
  std::size_t total() const { return in_new + in_tried; }
};

/// The slots of an address table. They refer to its entries, each of which stands in the
/// one slot that is its own (`address_placement`): among the tried if its `tried` is set,
/// else among the new.
class address_buckets {
public:
  explicit address_buckets(const hash_secret& secret);

  const hash_secret& secret() const { return placement_.secret(); }

  /// The entry in the slot that `x` has among the new, or the tried; may be null.
  address_entry* occupant(const address_entry& x, bool tried) const;
  address_entry* occupant(const address_entry& x) const { return occupant(x, x.tried); }

  /// The slot of `x`.
  address_place place_of(const address_entry& x) const { return place_of(x, x.tried); }

  /// Requires that the slot of `x` is free. Until `x` is removed, its address, source and
  /// `tried` must not change.
  void put(address_entry& x);
  /// Requires that `x` stands in its slot.
  void remove(const address_entry& x);

  /// An entry that can be dialed, is not pending, and suits `filter`: a random one of a
  /// random bucket, taken by its chance. Null only if there is none. Calls `filter` at
  /// most `max_draws` times, and after that at most once for each entry.
  address_entry* choose(bool tried, const entry_filter& filter, unix_seconds now,
                        random_source& random) const;

  /// With each draw in vain all chances grow by a fifth, as in Bitcoin Core, so that by
  /// now even the least is certain. If no suitable entry came up until here, such entries
  /// are rare, and the buckets are walked through.
  static constexpr int max_draws = 64;

  address_counts counts() const;
  address_counts counts(wire::address_network network) const;

  /// Whether every entry stands in its own slot, and counts are right. For tests.
  bool is_consistent() const;

private:
  struct bucket {
    std::array<address_entry*, slots_per_bucket> slots{};
    std::size_t filled = 0;

    address_entry* random_entry(random_source& random) const; ///< Requires filled > 0.
  };

  const std::vector<bucket>& side(bool tried) const { return tried ? tried_ : new_; }
  std::vector<bucket>& side(bool tried) { return tried ? tried_ : new_; }
  address_place place_of(const address_entry& x, bool tried) const;
  std::size_t& count_of(const address_entry& x);

  address_placement placement_;
  std::vector<bucket> new_;
  std::vector<bucket> tried_;
  std::array<address_counts, wire::cjdns_network + 1> counts_; ///< By network.
};

} // namespace peerage
