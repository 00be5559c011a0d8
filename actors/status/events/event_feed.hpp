// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/http/http.hpp"
#include "actors/status/http/status_actor.hpp"
#include "messages/events.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_set>

namespace peerage {

using event_text = std::shared_ptr<const std::string>;

/// The text of an event as sent.
event_text render(const event& x);

/// A follower of the events. Lives on the HTTP thread.
class event_reader {
public:
  virtual void on_events() = 0;   ///< The feed has more.
  virtual void on_feed_end() = 0; ///< There will be no more.

protected:
  ~event_reader() = default;
};

/// The newest events, each rendered once for all readers. While there are readers, one
/// question is out at the EVENT_LOG, answered when there is something new. Readers pull
/// from here; for older events they ask the log themselves. Lives on the HTTP thread
/// only.
class event_feed {
public:
  struct record {
    event_type type;
    event_text text;
  };
  static constexpr std::size_t max_records = 1'000;

  explicit event_feed(std::shared_ptr<http_executor> door) : door_(std::move(door)) {}

  void start(status_actor status) { status_ = std::move(status); }
  void stop() { status_ = nullptr; }

  /// Asks the EVENT_LOG; the answer comes back on this thread, or never if STATUS ends.
  using receiver = std::function<void(caf::expected<event_batch>&)>;
  void ask_log(get_events what, receiver done);

  /// @param last The number of the log's next event.
  void add(event_reader& x, std::uint64_t last);
  void remove(event_reader& x) { readers_.erase(&x); }
  bool has_readers() const { return !readers_.empty(); }
  /// Asks again if an answer was lost on its way. To be called now and then.
  void on_tick();

  /// The events kept here: numbers from `first` up to `next`, without holes.
  std::uint64_t first() const { return next_ - records_.size(); }
  std::uint64_t next() const { return next_; }
  const record& at(std::uint64_t seq) const {
    return records_[static_cast<std::size_t>(seq - first())];
  }

private:
  void poll();
  void on_batch(caf::expected<event_batch>& found);
  void tell(void (event_reader::*what)());

  std::shared_ptr<http_executor> door_;
  status_actor status_;
  std::unordered_set<event_reader*> readers_;
  std::deque<record> records_;
  std::uint64_t next_ = 1;
  std::weak_ptr<char> asking_; ///< Expires when the question is answered or lost.
  bool ended_ = false;         ///< The log is gone.
};

} // namespace peerage
