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

/// Keeps remotes from washing out the history: what a remote can cause as often as it
/// likes (announcements, addresses, misbehaviour, inbound connections and their ends) is
/// told one by one only up to a burst. From then on alike events of one peer, or of one
/// host if every connection makes a new peer, are merged: one a second, that counts them.
///
/// Alike are events of one type and reason. Of what differs among them the merged one has
/// the latest, but the first score before; its `count` is their sum.
///
/// Whoever tells an event asks here first, so that a flood does not even reach the
/// EVENT_LOG. Thread-safe; no clock, no actor.
class event_merger {
public:
  /// Announcements of one peer, addresses learned of it, misbehaviour of a host: what
  /// comes one by one before merging, and after it was quiet for as many seconds.
  static constexpr double burst = 10;
  /// The same of connections of one host, which may stand for many: behind a proxy, or on
  /// a machine that runs a test network.
  static constexpr double connection_burst = 100;
  static constexpr std::chrono::seconds window{1};
  /// Peers and hosts that are remembered, for each kind of event. Beyond, events are not
  /// merged: then they are many because there are many remotes.
  static constexpr std::size_t max_sources = 4'096;

  /// True: tell it now. False: it was merged into one that `take_due` will have.
  bool admit(const event& x, time_point now);

  /// The merged events whose second is over.
  std::vector<event> take_due(time_point now);

  /// When `take_due` is to be called next; nothing as long as nobody has used up a burst.
  /// Whoever does so has told an event last: it is enough to ask after each.
  std::optional<time_point> next_due() const;

  /// What somebody waits for by name is told at once, also in a flood.
  void set_wanted(std::vector<event_filter> filters);

private:
  /// Who causes what, and why.
  struct source {
    event_type type = event_type::node_started;
    peer_id peer = 0;                    ///< 0: the host.
    std::array<std::uint8_t, 16> host{}; ///< Of IPv6 its /64, which one customer has.
    std::string reason;

    friend bool operator==(const source&, const source&) = default;
  };
  struct source_hash {
    std::size_t operator()(const source& x) const;
  };
  struct allowance {
    double left;
    time_point refilled;
    bool used_up = false; ///< In `due_`; what comes meanwhile is merged.
    std::optional<event> merged;
  };

  static std::optional<source> source_of(const event& x);
  static double burst_of(event_type x);
  static double left(const source& whose, const allowance& x, time_point now);
  allowance* find(const source& whose, time_point now);
  void forget_idle(time_point now);

  mutable std::mutex mutex_; ///< Guards what follows.
  std::unordered_map<source, allowance, source_hash> sources_;
  std::deque<std::pair<time_point, source>> due_; ///< The earliest first.
  time_point next_cleaning_ = time_point::min();
  std::vector<event_filter> wanted_;
};

} // namespace peerage
