// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/alarm_clock.hpp"
#include "actors/base/pending_reply.hpp"
#include "messages/requests.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

namespace peerage {

/// Requests that no peer can take yet, in the order in which they came. Those of one kind
/// can go to the same peers, so the first of a kind is the next to go; other kinds do not
/// wait for it. Knows neither peers nor time: its owner sends what can go, and takes out
/// what is late.
class held_requests {
public:
  /// More are refused as `too_many_waiting`, so that callers who never see a peer cost a
  /// bounded amount of memory.
  static constexpr std::size_t max_requests = 1'024;
  /// The same for what they carry: transactions to send, long lists of items.
  static constexpr std::size_t max_bytes = 16 << 20;

  struct entry {
    std::uint64_t number = 0; ///< Never reused.
    request what;
    std::shared_ptr<pending_reply> caller;
    time_point deadline;
  };

  /// The number of the entry; empty, and nothing changes, if there is no room.
  /// @param why The error if no peer comes; see `why`.
  std::optional<std::uint64_t> add(request what, std::shared_ptr<pending_reply> caller,
                                   time_point deadline, request_error why);

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  bool holds(request_kind kind) const { return !queue_of(kind).entries.empty(); }

  /// What the kind lacks: `no_ready_peer`, a peer that suits it, or `overloaded`, one
  /// that has time for it. Of the last look.
  request_error why(request_kind kind) const { return queue_of(kind).why; }
  void set_why(request_kind kind, request_error x) { queue_of(kind).why = x; }

  /// The first of its kind, which there must be.
  entry& first(request_kind kind) { return queue_of(kind).entries.front(); }
  void drop_first(request_kind kind);

  /// Takes out the entry for which `is_it` is true; empty if there is none.
  template <class Predicate>
  std::optional<entry> take_if(Predicate is_it);

  /// Takes out all of them.
  std::deque<entry> take_all();

private:
  struct queue {
    std::deque<entry> entries;
    request_error why = request_error::no_ready_peer;
  };
  queue& queue_of(request_kind x) { return queues_[static_cast<std::size_t>(x)]; }
  const queue& queue_of(request_kind x) const {
    return queues_[static_cast<std::size_t>(x)];
  }
  void forget(const entry& x);

  std::array<queue, request_kind_count> queues_;
  std::size_t size_ = 0;
  std::size_t bytes_ = 0;
  std::uint64_t last_ = 0;
};

/// Bytes that a request carries beyond its own size.
std::size_t carried_bytes(const request& x);

template <class Predicate>
std::optional<held_requests::entry> held_requests::take_if(Predicate is_it) {
  for (auto& line : queues_)
    for (auto x = line.entries.begin(); x != line.entries.end(); ++x)
      if (is_it(*x)) {
        auto result = std::move(*x);
        line.entries.erase(x);
        forget(result);
        return result;
      }
  return std::nullopt;
}

} // namespace peerage
