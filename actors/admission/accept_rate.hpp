// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/alarm_clock.hpp"
#include "actors/base/random_source.hpp"
#include "messages/subnet.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>

namespace peerage {

/// Why an accepted socket is closed before any work is done for it.
enum class accept_refusal : std::uint8_t {
  group_rate, ///< Too many attempts from its host or, under flood, its surroundings.
  flood,      ///< Drawn at random, because too many come from everywhere.
};
/// What `accept_rate` measures at one moment. The LISTENER reads `under_flood`, for
/// `whynot`.
struct accept_rate_status {
  double attempts_per_minute = 0; ///< Of hosts that keep to their own allowance.
  double load_per_minute = 0;     ///< Attempts that the buckets let through.
  bool under_flood = false;       ///< A flood: wide groups are held to allowances too.
  double drop_probability = 0;    ///< Of those, in [0, highest_drop_probability].
  std::size_t groups = 0;         ///< Remembered; at most accept_rate::max_groups.
};

/// Decides how fast strangers may connect, so that a flood of connections leaves honest
/// newcomers a way in. Follows the anti-flood measures of dcrd's connection manager
/// (internal/connmgr, 2026), with one addition: allowances for whole networks.
///
/// - A host (IPv4 /32, IPv6 /64) has a token bucket of its own, always.
/// - While hosts that keep to theirs make more than `flood_per_minute` attempts together,
///   the listener is *under flood*: the /24 or /56 around a host and the network it is in
///   (/16 or /32) have buckets too. A flood thus uses up the allowance of the networks it
///   comes from, and no other's. Attempts are measured in front of these buckets: those
///   held back still count, so the state does not flap.
/// - If more than `flood_per_minute` come through even so, the flood is spread over many
///   networks and nothing tells a newcomer from it. Then attempts are dropped at random,
///   with a probability that grows on an S-curve with the excess.
///
/// What that gives an honest newcomer: from a network without flood, a single attempt
/// succeeds as long as the flood comes from no more than five networks; beyond that, at
/// worst and however large the flood, an attempt fails with `highest_drop_probability`,
/// and three attempts in a minute, which a host's allowance permits, with 0.4^3 = 6 %.
/// Newcomers from a flooded network share its allowance with the flood.
///
/// Logarithmic work per call in the number of groups, which is bounded.
class accept_rate {
public:
  /// @param loopback_exempt Loopback is always let in and never counted (regtest).
  explicit accept_rate(bool loopback_exempt = false)
      : loopback_exempt_(loopback_exempt) {}

  /// Empty: let in. Every call is one attempt; `now` never goes back.
  [[nodiscard]] std::optional<accept_refusal>
  decide(const endpoint& remote, time_point now, random_source& random);

  /// The last attempt of this host came with another protocol, as nodes that prefer v2
  /// (BIP 324) begin: its next attempt, with ours, is the same one to its allowance.
  void allow_another(const endpoint& remote, time_point now);

  accept_rate_status status(time_point now) const;

  /// When an attempt of this host would be let in, but for what is drawn at random;
  /// nothing if it would be now. Is no attempt.
  std::optional<time_point> refused_until(const endpoint& remote, time_point now) const;

  /// The drop probability at a load: 0 up to `flood_per_minute`, the highest from
  /// `saturation` times as much on.
  static double drop_probability(double load_per_minute);

  /// dcrd's number.
  static constexpr double flood_per_minute = 300;
  static constexpr double saturation = 8;
  /// dcrd goes up to 0.85, at which three attempts fail more often than not.
  static constexpr double highest_drop_probability = 0.4;
  /// Rates are smoothed over this: the weight of an attempt falls to 1/e in it.
  static constexpr std::chrono::seconds smoothing{30};
  /// The least recently seen one is forgotten first. About 1.5 MiB. dcrd's number;
  /// without its time limit, as an allowance is full again long before.
  static constexpr std::size_t max_groups = 10'000;

  struct allowance {
    double per_second;
    double burst; ///< What a full bucket holds.
  };
  /// For /32 and /64, and for /24 and /56: one per 5 s, 3 at once, as in dcrd.
  static constexpr allowance host_allowance{0.2, 3};
  /// For /16 and /32: a fifth of `flood_per_minute`.
  static constexpr allowance network_allowance{1, 10};

private:
  /// A number of recent events, older ones counting less and less.
  class meter {
  public:
    void add(time_point now);
    double per_minute(time_point now) const;

  private:
    double decayed(time_point now) const;

    double count_ = 0;
    time_point counted_at_;
  };

  struct group {
    subnet range;
    double tokens;
    time_point filled_at;
    // Of hosts only.
    bool next_is_free = false;
    bool last_was_free = false;
  };
  using recency = std::list<group>;

  bool is_under_flood(time_point now) const {
    return attempts_.per_minute(now) > flood_per_minute;
  }
  bool pays(const endpoint& remote, time_point now);
  time_point next_token(const subnet& range, const allowance& limit,
                        time_point now) const;
  bool take_token(const subnet& range, const allowance& limit, time_point now);
  group& touch(const subnet& range, const allowance& limit, time_point now);

  bool loopback_exempt_;
  meter attempts_;
  meter load_;
  recency by_recency_; ///< The most recently seen one first.
  // Ordered: strangers choose these keys, and could choose colliding ones.
  std::map<subnet, recency::iterator> groups_;
};

} // namespace peerage
