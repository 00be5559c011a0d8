// SPDX-License-Identifier: MIT
#include "tests/simulation/internet/link.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace peerage::test {

namespace {

/// How long a sender that got no confirmations waits at most until it tries again.
constexpr std::chrono::seconds longest_retransmission_pause{3};

} // namespace

// -- one_way ---------------------------------------------------------------------------

void one_way::join(const std::shared_ptr<memory_end>& from,
                   const std::shared_ptr<memory_end>& to) {
  from_ = from;
  to_ = to;
}

caf::timespan one_way::delay() {
  auto result = conditions_.latency;
  if (conditions_.jitter.count() > 0)
    result += caf::timespan{static_cast<caf::timespan::rep>(
      draws_.below(static_cast<std::uint64_t>(conditions_.jitter.count())))};
  return result;
}

void one_way::push(segment::kind what, std::vector<std::byte> bytes) {
  const auto sending =
    std::chrono::duration_cast<caf::timespan>(std::chrono::duration<double>(
      static_cast<double>(bytes.size()) / conditions_.bytes_per_second));
  free_at_ = std::max(free_at_, time_.now()) + sending;
  last_arrival_ = std::max(last_arrival_, free_at_ + delay());
  in_flight_ += bytes.size();
  segments_.push_back({what, last_arrival_, std::move(bytes)});
  wait_for_arrival();
}

std::size_t one_way::take(wire::bytes_view bytes) {
  if (closing_)
    return bytes.size();
  const auto room = conditions_.buffer - std::min(conditions_.buffer, in_flight_);
  const auto taken = bytes.first(std::min(room, bytes.size()));
  wants_room_ = taken.size() < bytes.size();
  if (tap_.read(taken))
    last_ping_ = time_.now();
  if (!taken.empty())
    push(segment::kind::bytes, {taken.begin(), taken.end()});
  if (const auto from = from_.lock())
    peaks_.sender = std::max(peaks_.sender, from->held());
  return taken.size();
}

void one_way::close() {
  if (!std::exchange(closing_, true))
    push(segment::kind::end);
}

void one_way::reset() {
  if (over_)
    return;
  closing_ = true;
  segments_.clear();
  taken_ = in_flight_ = 0;
  blocked_ = false;
  push(segment::kind::reset);
}

void one_way::stall() {
  if (!std::exchange(stalled_, true))
    stalled_at_ = time_.now();
}

void one_way::resume() {
  if (!std::exchange(stalled_, false))
    return;
  const auto pause =
    static_cast<std::uint64_t>(caf::timespan{longest_retransmission_pause}.count());
  waits_for_.reset();
  for (auto& x : segments_)
    x.arrives = std::max(x.arrives, time_.now());
  time_.in(caf::timespan{static_cast<caf::timespan::rep>(draws_.below(pause))},
           [self = weak_from_this()] {
             if (auto way = self.lock())
               way->deliver_due();
           });
}

void one_way::wait_for_arrival() {
  if (segments_.empty() || stalled_ || delivering_ || blocked_)
    return;
  const auto when = segments_.front().arrives;
  if (waits_for_ == when)
    return;
  waits_for_ = when;
  time_.at(when, [self = weak_from_this()] {
    if (auto way = self.lock())
      way->deliver_due();
  });
}

void one_way::measure(const memory_end& receiver) {
  peaks_.receiver = std::max(peaks_.receiver, receiver.held());
  const auto partial = receiver.held_for_partial();
  if (!tap_.seen().verack)
    peaks_.partial_before_verack = std::max(peaks_.partial_before_verack, partial);
  peaks_.partial_ahead =
    std::max(peaks_.partial_ahead, partial - std::min(partial, arrived_));
}

bool one_way::deliver(segment& x) {
  auto to = to_.lock();
  if (x.what == segment::kind::bytes) {
    while (to && taken_ < x.bytes.size()) {
      const auto taken = to->take(wire::bytes_view{x.bytes}.subspan(taken_));
      if (taken == 0)
        return false;
      taken_ += taken;
      in_flight_ -= taken;
      arrived_ += taken;
      measure(*to);
    }
    in_flight_ -= x.bytes.size() - taken_;
    taken_ = 0;
    return true;
  }
  over_ = true;
  if (to && x.what == segment::kind::end)
    to->on_closed();
  else if (to)
    to->on_reset();
  return true;
}

void one_way::deliver_due() {
  if (delivering_ || stalled_)
    return;
  const auto keep = shared_from_this();
  waits_for_.reset();
  blocked_ = false;
  delivering_ = true;
  while (!segments_.empty() && segments_.front().arrives <= time_.now() && !stalled_) {
    // Taken out: the receiver may reset the connection while it takes it.
    auto first = std::move(segments_.front());
    segments_.pop_front();
    if (!deliver(first)) {
      blocked_ = true;
      segments_.push_front(std::move(first));
      break;
    }
  }
  delivering_ = false;
  wait_for_arrival();
  if (wants_room_ && in_flight_ < conditions_.buffer) {
    wants_room_ = false;
    if (auto from = from_.lock())
      from->flush();
  }
}

// -- link ------------------------------------------------------------------------------

/// What one end sees of the link.
class link::face : public memory_end {
public:
  face(std::shared_ptr<one_way> out, std::shared_ptr<one_way> in)
      : out_(std::move(out)), in_(std::move(in)) {}

  std::size_t take(wire::bytes_view bytes) override { return out_->take(bytes); }
  void on_closed() override { out_->close(); }
  void on_reset() override { out_->reset(); }
  void flush() override { in_->deliver_due(); }

private:
  std::shared_ptr<one_way> out_, in_;
};

link::link(virtual_time& time, random_source& draws, const link_conditions& there,
           const link_conditions& back)
    : there_(std::make_shared<one_way>(time, draws, there)),
      back_(std::make_shared<one_way>(time, draws, back)),
      for_dialing_(std::make_shared<face>(there_, back_)),
      for_answering_(std::make_shared<face>(back_, there_)) {}

void link::join(const std::shared_ptr<memory_end>& dialing,
                const std::shared_ptr<memory_end>& answering) {
  there_->join(dialing, answering);
  back_->join(answering, dialing);
  dialing->other = for_dialing_;
  answering->other = for_answering_;
}

void link::stall() {
  there_->stall();
  back_->stall();
}

void link::resume() {
  there_->resume();
  back_->resume();
}

void link::reset() {
  there_->reset();
  back_->reset();
}

bool link::is_over() const {
  const auto ended = [](const one_way& x) {
    return x.is_over() || (x.is_closing() && x.is_stalled());
  };
  return ended(*there_) && ended(*back_);
}

} // namespace peerage::test
