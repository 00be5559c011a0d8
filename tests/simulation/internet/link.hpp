// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/random_source.hpp"
#include "tests/simulation/internet/virtual_time.hpp"
#include "tests/simulation/internet/wire_tap.hpp"
#include "tests/support/memory_transport.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

namespace peerage::test {

/// What a way through the internet is like, in one direction.
struct link_conditions {
  caf::timespan latency = std::chrono::milliseconds{40};
  caf::timespan jitter = std::chrono::milliseconds{4}; ///< At most this much more.
  double bytes_per_second = 4e6;
  /// Bytes that are sent and not yet read, as the systems of both sides would hold them.
  std::size_t buffer = 128 * 1024;
};

/// The most memory that a connection has held, as seen when bytes were sent or arrived.
struct memory_peaks {
  std::size_t sender = 0;
  std::size_t receiver = 0;
  /// By the receiver for messages that had not arrived whole: before the sender's verack;
  std::size_t partial_before_verack = 0;
  /// at any time, beyond the bytes that had arrived.
  std::size_t partial_ahead = 0;
};

/// One direction of a connection. Bytes keep their order.
class one_way : public std::enable_shared_from_this<one_way> {
public:
  one_way(virtual_time& time, random_source& draws, const link_conditions& conditions)
      : time_(time), draws_(draws), conditions_(conditions) {}

  /// From whom to whom. Held weakly.
  void join(const std::shared_ptr<memory_end>& from,
            const std::shared_ptr<memory_end>& to);

  /// The sender's bytes; returns how many there is room for.
  std::size_t take(wire::bytes_view bytes);
  /// The sender sends no more: what is under way arrives before.
  void close();
  /// What is under way is lost, and the receiver learns that the connection is broken.
  void reset();
  /// The receiver has room again.
  void deliver_due();

  /// Nothing arrives any more, until `resume`. The sender sees nothing but that its bytes
  /// are not confirmed.
  void stall();
  void resume();

  void slow_down(double bytes_per_second) {
    conditions_.bytes_per_second = bytes_per_second;
  }

  bool is_stalled() const { return stalled_; }
  /// The sender has closed.
  bool is_closing() const { return closing_; }
  /// Nothing more will arrive: the receiver knows of the end.
  bool is_over() const { return over_; }
  std::size_t in_flight() const { return in_flight_; }
  /// What was sent so far.
  const wire_tap::counts& sent() const { return tap_.seen(); }
  /// When the last ping was.
  time_point last_ping() const { return last_ping_; }
  const memory_peaks& peaks() const { return peaks_; }
  /// Since when nothing arrives, while it is stalled.
  time_point stalled_at() const { return stalled_at_; }
  /// Nothing is under way, no end either.
  bool is_quiet() const { return segments_.empty(); }

private:
  struct segment {
    enum class kind : std::uint8_t { bytes, end, reset };
    kind what = kind::bytes;
    time_point arrives;
    std::vector<std::byte> bytes;
  };

  void push(segment::kind what, std::vector<std::byte> bytes = {});
  void wait_for_arrival();
  void measure(const memory_end& receiver);
  bool deliver(segment& x); ///< Whether all of it was taken.
  caf::timespan delay();

  virtual_time& time_;
  random_source& draws_;
  link_conditions conditions_;
  std::weak_ptr<memory_end> from_, to_;
  wire_tap tap_;
  time_point last_ping_;
  time_point stalled_at_;
  memory_peaks peaks_;
  std::size_t arrived_ = 0; ///< Bytes, since the beginning.
  std::deque<segment> segments_;
  std::size_t in_flight_ = 0;
  std::size_t taken_ = 0; ///< Of the first segment, by the receiver.
  time_point free_at_;    ///< The last byte has left by then.
  time_point last_arrival_;
  std::optional<time_point> waits_for_;
  bool wants_room_ = false;
  bool delivering_ = false;
  bool blocked_ = false; ///< The receiver has no room, and will say when it has.
  bool stalled_ = false;
  bool closing_ = false;
  bool over_ = false;
};

/// A connection between two ends, which may be anything that takes bytes: a node's
/// TRANSPORT, or a scripted remote. Links do not know of each other.
class link {
public:
  link(virtual_time& time, random_source& draws, const link_conditions& there,
       const link_conditions& back);

  /// @param dialing, answering Held weakly, and hold the link's faces weakly.
  void join(const std::shared_ptr<memory_end>& dialing,
            const std::shared_ptr<memory_end>& answering);

  one_way& there() { return *there_; } ///< From the dialing side.
  one_way& back() { return *back_; }
  const one_way& there() const { return *there_; }
  const one_way& back() const { return *back_; }

  void stall();
  void resume();
  void reset();
  bool is_over() const;

private:
  class face;

  std::shared_ptr<one_way> there_, back_;
  std::shared_ptr<face> for_dialing_, for_answering_;
};

} // namespace peerage::test
