// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/alarm_clock.hpp"
#include "actors/base/random_source.hpp"
#include "messages/endpoint.hpp"
#include "messages/time.hpp"

#include <chrono>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

namespace peerage {

/// How long to leave an address alone after a failed dial or an ended connection.
struct backoff_schedule {
  std::chrono::seconds
    first; ///< After the first failure, > 0; doubled with each further.
  std::chrono::seconds longest; ///< Where doubling ends.
};

/// For manual peers: soon, and without end, like dcrd's connection manager, which doubles
/// its pauses for persistent peers up to a bound.
inline constexpr backoff_schedule manual_backoff{std::chrono::seconds{1},
                                                 std::chrono::seconds{60}};

/// For discovered peers, of which there are others. The first pause is zebra's
/// `MIN_PEER_RECONNECTION_DELAY`, in which both sides surely notice that a connection is
/// dead; an hour is the bound of reth and of nimbus.
inline constexpr backoff_schedule discovered_backoff{std::chrono::seconds{119},
                                                     std::chrono::hours{1}};

/// One address, as saved.
struct saved_backoff {
  endpoint remote;
  std::uint32_t failures = 0;
  unix_seconds ready_at = 0;

  friend bool operator==(const saved_backoff&, const saved_backoff&) = default;
};

/// When an address may be dialed again. Failures cost no reputation and success repairs
/// none: a host that is switched off has done nothing wrong.
///
/// On top of each pause comes up to a quarter of it, at random, so that peers which
/// failed together do not return together.
class backoff {
public:
  /// Addresses remembered, as many as the address book holds. Beyond, the one that is or
  /// will be ready first is forgotten.
  static constexpr std::size_t max_addresses = 20'000;

  /// A connection shorter than this counts as a failure: a remote that hangs up at once
  /// is not dialed again and again.
  static constexpr std::chrono::seconds settled{10};

  /// @param random Must outlive this object.
  backoff(backoff_schedule schedule, random_source& random)
      : schedule_(schedule), random_(random) {}

  /// A dial or its handshake failed.
  void failed(const endpoint& remote, time_point now);

  /// A connection ended after this long. If it had settled, earlier failures are
  /// forgiven, and the pause is the first one.
  void disconnected(const endpoint& remote, time_point::duration connected_for,
                    time_point now);

  /// When the address may be dialed next; empty: at any time.
  std::optional<time_point> ready_at(const endpoint& remote) const;

  bool may_dial(const endpoint& remote, time_point now) const;

  /// Failures in a row.
  std::uint32_t failures_of(const endpoint& remote) const;

  /// Forgets the address's failures, as when a person asks for it.
  void forget(const endpoint& remote);

  std::size_t size() const { return records_.size(); }

  /// For saving: addresses that still wait or have failed.
  /// @param unix_now The same moment as `now`.
  std::vector<saved_backoff> entries(time_point now, unix_seconds unix_now) const;

  /// Takes over saved entries for addresses not known yet. No address waits longer than
  /// the longest pause from now, however the clock was set in between.
  void restore(const std::vector<saved_backoff>& saved, time_point now,
               unix_seconds unix_now);

private:
  struct record {
    std::uint32_t failures;
    time_point ready_at;
  };

  void wait(const endpoint& remote, std::uint32_t failures, time_point now);
  void put(const endpoint& remote, record x);
  void erase(const endpoint& remote);

  backoff_schedule schedule_;
  random_source& random_;
  std::unordered_map<endpoint, record> records_;
  std::set<std::pair<time_point, endpoint>> by_time_; ///< The first is forgotten first.
};

} // namespace peerage
