// SPDX-License-Identifier: MIT
#pragma once

#include "messages/events.hpp"
#include "messages/subnet.hpp"

#include <deque>
#include <list>
#include <memory>
#include <unordered_map>
#include <variant>
#include <vector>

namespace peerage {

/// Remembers events. Numbers them, keeps the newest of all, and a few of each peer and
/// host for longer, so that `why` has an answer when floods of other events have pushed
/// theirs out. No actor, no clock.
class event_history {
public:
  /// Of the general history.
  static constexpr std::size_t max_events = 10'000;
  /// Peers and hosts with a history of their own; beyond, the least recently used is
  /// dropped.
  static constexpr std::size_t max_subjects = 4'096;
  /// Beyond, the oldest event of the most frequent type is dropped, so that a peer which
  /// announces all the time does not push out its own beginning.
  static constexpr std::size_t max_of_subject = 32;
  /// Events of bans, which are of ranges, and few.
  static constexpr std::size_t max_bans = 256;

  /// Gives the event its number.
  const event& add(event x);

  /// Up to `limit` events that `filter` accepts, from number `from` on.
  event_batch since(std::uint64_t from, std::uint64_t limit,
                    const event_filter& filter) const;

  /// The events of a peer, those of its dial or accept included; of a host or, if it has
  /// a port, of that address. Bans of ranges around it included.
  event_batch of(const get_event_history& subject) const;

  std::uint64_t first() const { return events_.empty() ? next_ : events_.front()->seq; }
  std::uint64_t next() const { return next_; }

private:
  using event_ptr = std::shared_ptr<const event>;
  using key = std::variant<peer_id, std::array<std::uint8_t, 16>>;
  struct key_hash {
    std::size_t operator()(const key& x) const;
  };
  struct subject {
    std::deque<event_ptr> events;
    std::list<key>::iterator use;
  };

  void remember(const key& whose, const event_ptr& x);
  /// How the peer of this first event began: that event did not have its id yet.
  event_ptr start_of(const event& first) const;

  std::deque<event_ptr> events_;
  std::unordered_map<key, subject, key_hash> subjects_;
  std::list<key> uses_; ///< The least recently used first.
  struct ban_event {
    subnet range;
    event_ptr what;
  };
  std::deque<ban_event> bans_;
  std::uint64_t next_ = 1;
};

} // namespace peerage
