// SPDX-License-Identifier: MIT
#include "actors/status/events/event_feed.hpp"

#include <caf/send.hpp>

namespace peerage {

namespace {

/// Timeout of a question to the log, after which it is asked again.
constexpr std::chrono::seconds poll_wait{20};

} // namespace

event_text render(const event& x) {
  return std::make_shared<const std::string>(json_text(to_json(x)));
}

void event_feed::ask_log(get_events what, receiver done) {
  if (!status_)
    return;
  caf::anon_send(
    status_, status_task{[door = door_, what = std::move(what),
                          done = std::move(done)](status_pointer self) {
      ask_and_wait<event_batch>(
        self, self->state.parts.events, what, std::make_shared<cancellation>(),
        [door, done](caf::expected<event_batch> found) {
          door->post([done, found = std::move(found)]() mutable { done(found); });
        });
    }});
}

void event_feed::add(event_reader& x, std::uint64_t last) {
  // There was no reader for a while: the events in between are not needed.
  if (readers_.empty() && asking_.expired()) {
    records_.clear();
    next_ = last;
  }
  readers_.insert(&x);
  poll();
}

void event_feed::poll() {
  if (!asking_.expired() || readers_.empty())
    return;
  auto question = std::make_shared<char>();
  asking_ = question;
  get_events what;
  what.from = next_;
  what.wait = poll_wait;
  ask_log(std::move(what), [this, question](caf::expected<event_batch>& found) {
    asking_.reset(); // others may hold copies of this for a moment
    on_batch(found);
  });
}

void event_feed::on_tick() {
  if (!status_ || ended_ || readers_.empty() || !asking_.expired())
    return;
  tell(&event_reader::on_events);
  poll();
}

void event_feed::on_batch(caf::expected<event_batch>& found) {
  if (!found) {
    ended_ = true;
    return tell(&event_reader::on_feed_end);
  }
  for (const auto& x : found->entries) {
    if (x.seq != next_) // the log has dropped some before we asked
      records_.clear();
    records_.push_back({x.type, render(x)});
    next_ = x.seq + 1;
    if (records_.size() > max_records)
      records_.pop_front();
  }
  tell(&event_reader::on_events);
  poll();
}

void event_feed::tell(void (event_reader::*what)()) {
  auto all = readers_; // a copy: a reader that ends leaves
  for (auto* x : all)
    (x->*what)();
}

} // namespace peerage
