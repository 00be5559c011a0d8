// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/alarm_clock.hpp"
#include "messages/events.hpp"

#include <array>
#include <chrono>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

namespace peerage {

/// Keeps remotes from washing out the history: an event that a remote can cause at will
/// (announcements, addresses, misbehaviour, inbound connections and their ends) is told
/// singly only up to a burst. From then on alike events of one peer, or of one host if
/// every connection makes a new peer, are merged: one a second, with their count. All
/// hosts together have a burst as well, so that many of them wash out no more than a few.
///
/// Alike are events of one type and reason. The merged event has the latest values, but
/// the first score before; its `count` is their sum.
///
/// Senders of events ask here first, so that a flood does not even reach the EVENT_LOG.
/// Thread-safe; no clock, no actor.
class event_merger {
public:
  /// Announcements of one peer, addresses learned of it, misbehaviour of a host: events
  /// told singly before merging; earned again at one per quiet second.
  static constexpr double burst = 10;
  /// The same of connections of one host, which may stand for many: behind a proxy, or on
  /// a machine that runs a test network.
  static constexpr double connection_burst = 100;
  /// Alike events of all hosts together: a tenth of the history.
  static constexpr double common_burst = 1'000;
  static constexpr std::chrono::seconds window{1};
  /// Peers and hosts that are remembered, for each kind of event. Hosts beyond have the
  /// common burst only, peers beyond are not merged.
  static constexpr std::size_t max_sources = 4'096;

  /// True: tell the event now. False: it was merged into one that `take_due` will return.
  bool admit(const event& x, time_point now);

  /// The merged events whose second is over.
  std::vector<event> take_due(time_point now);

  /// When to call `take_due` next; empty as long as no burst is used up. Only `admit`
  /// changes that with an event that is told: it is enough to ask after each.
  std::optional<time_point> next_due() const;

  /// Events that match are told at once, also in a flood: a reader waits for them by
  /// name.
  void set_wanted(std::vector<event_filter> filters);

private:
  /// A cause of alike events.
  struct source {
    event_type type = event_type::node_started;
    peer_id peer = 0;                    ///< 0: the host.
    std::array<std::uint8_t, 16> host{}; ///< Of IPv6 the /64, which one customer has.
    std::string reason;
    bool is_common = false; ///< All hosts together.

    friend bool operator==(const source&, const source&) = default;
  };
  struct source_hash {
    std::size_t operator()(const source& x) const;
  };
  struct allowance {
    double left;
    time_point refilled;
    bool used_up = false; ///< In `due_`; further events are merged.
    std::optional<event> merged;
  };

  static std::optional<source> source_of(const event& x);
  static double burst_of(const source& x);
  static double left(const source& whose, const allowance& x, time_point now);
  allowance* find(const source& whose, time_point now);
  bool take(const source& whose, const event& x, time_point now);
  void forget_idle(time_point now);

  mutable std::mutex mutex_; ///< Guards what follows.
  std::unordered_map<source, allowance, source_hash> sources_;
  std::deque<std::pair<time_point, source>> due_; ///< The earliest first.
  time_point next_cleaning_ = time_point::min();
  std::vector<event_filter> wanted_;
};

} // namespace peerage
