// SPDX-License-Identifier: MIT
#pragma once

#include "actors/interfaces/broadcasts.hpp"
#include "messages/ban.hpp"
#include "messages/misbehaviour.hpp"
#include "messages/subnet.hpp"
#include "messages/time.hpp"

#include <array>
#include <chrono>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace peerage {

/// All bans, one per range. Where a new ban meets an old one of the same range, the range
/// stays banned until the later end, and is manual if either is: adding never weakens.
///
/// A ban that has ended counts nowhere from that second on; `sweep` frees its memory.
class ban_list {
public:
  /// What a ban lasts by default; Core's `DEFAULT_MISBEHAVING_BANTIME`.
  static constexpr std::chrono::seconds default_duration = std::chrono::hours{24};

  /// Beyond, the misbehaviour ban that would end first makes room. Manual bans never do:
  /// a person's ban is refused with an error rather than dropped silently. As in zebra
  /// (`MAX_BANNED_IPS`).
  static constexpr std::size_t max_bans = 20'000;

  /// A person bans a range. Zero or less means the default duration, as in Core; an end
  /// beyond the range of numbers means the last moment there is.
  /// `already_banned`: by a manual ban of this very range. A range inside a banned one
  /// has a ban of its own, which may last longer, and stays when the other is lifted. A
  /// misbehaviour ban becomes manual.
  ban_result add(const subnet& range, unix_seconds now,
                 std::chrono::seconds duration = default_duration);

  /// The same, with the time at which the ban ends; `time_in_past` if that is not in the
  /// future.
  ban_result add_until(const subnet& range, unix_seconds now, unix_seconds until);

  /// Whether an address is in a manually banned range: `setban` for an address then
  /// answers `already_banned`, as in Core.
  bool is_manually_banned(const endpoint& x, unix_seconds now) const;

  /// Bans a misbehaving host for the default duration. Also done if the range is banned
  /// already.
  ban_result add_misbehaving(const subnet& range, unix_seconds now, misbehaviour cause);

  /// Lifts the ban of exactly this range, manual or not.
  ban_result remove(const subnet& range, unix_seconds now);

  void clear();

  /// The ban of exactly this range.
  std::optional<ban> get(const subnet& range, unix_seconds now) const;

  /// Of the bans that cover the address (all of the range), the one that lasts longest. A
  /// range of IPv6 never covers IPv4, also ::/0 does not. Costs a look-up or two per
  /// prefix length in use.
  std::optional<ban> find(const endpoint& x, unix_seconds now) const {
    return find(host_of(x), now);
  }
  std::optional<ban> find(const subnet& x, unix_seconds now) const;

  bool is_banned(const endpoint& x, unix_seconds now) const {
    return find(x, now).has_value();
  }

  /// The bans in force, ordered by address.
  std::vector<ban> list(unix_seconds now) const;

  /// Forgets ended bans; returns how many.
  std::size_t sweep(unix_seconds now);

  /// When `sweep` has something to do; empty if there are no bans.
  std::optional<unix_seconds> next_end() const;

  std::size_t size() const { return bans_.size(); }

  /// Updates a copy: removes ended bans, removes the lifted, then adds the new ones. In
  /// this order, as a change may replace a ban by another of the same range.
  void apply(const bans_changed& x, unix_seconds now);

  /// Adds saved bans. Ended and impossible bans are left out, and no misbehaviour ban
  /// lasts longer than a new one would: the clock may have been wrong.
  void restore(const std::vector<ban>& saved, unix_seconds now);

private:
  /// Orders bans: the first one makes room first.
  using rank = std::tuple<bool, unix_seconds, subnet>;

  static rank rank_of(const ban& x) { return {x.is_manual(), x.until, x.range}; }
  ban_result put(ban x, unix_seconds now);
  void insert(const ban& x);
  void erase(const subnet& range);
  template <class Visit>
  void for_each_covering(const subnet& x, unix_seconds now, Visit visit) const;

  std::unordered_map<subnet, ban> bans_;
  std::set<rank> by_rank_;
  std::array<std::size_t, 129> of_length_{}; ///< How many bans, by prefix length.
};

} // namespace peerage
