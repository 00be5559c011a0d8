// SPDX-License-Identifier: MIT
#include "actors/status/events/event_session.hpp"

#include "actors/status/http/status_limits.hpp"

#include <nlohmann/json.hpp>

#include <utility>

namespace peerage {

namespace {

event_text gap(std::uint64_t from, std::uint64_t to, bool reset = false) {
  nlohmann::json result{{"type", "gap"}, {"from", from}, {"to", to}};
  if (reset)
    result["reset"] = true;
  return std::make_shared<const std::string>(result.dump());
}

} // namespace

event_session::event_session(http_sessions& all, event_feed& feed, const http_upgrade& x,
                             event_query query)
    : query_(std::move(query)), all_(all), feed_(feed), at_(x.at), id_(x.id),
      has_cookie_(x.has_cookie) {}

/// The count of streams that includes this one.
std::size_t& event_session::places() {
  return has_cookie_ ? at_->streams_with_cookie : at_->streams;
}

void event_session::start() {
  ++places();
  guarded([this] { begin(); });
}

void event_session::on_tick(session_clock::time_point moment) {
  guarded([&] {
    if (sending_ &&
        (writing_.expired() || moment - write_began_ > status_limits::reply_deadline))
      return end();
    check(moment);
  });
}

void event_session::go_away() {
  if (located_)
    close();
}

void event_session::on_events() {
  guarded([this] { pump(); });
}

void event_session::on_feed_end() {
  ending_ = true;
  guarded([this] { pump(); });
}

// -- begin ------------------------------------------------------------------------------

/// Asks the log for events that the feed no longer has.
template <class Done>
void event_session::ask_log(std::uint64_t from, std::uint64_t limit, Done done) {
  get_events what;
  what.from = from;
  what.limit = limit;
  what.filter = query_.filter;
  feed_.ask_log(std::move(what),
                [weak = weak_from_this(), done](caf::expected<event_batch>& found) {
                  auto me = weak.lock();
                  if (!me)
                    return;
                  me->guarded([&] {
                    if (found)
                      done(*me, *found);
                    else
                      me->close();
                  });
                });
}

void event_session::locate() {
  ask_log(0, 1, [](event_session& me, const event_batch& now) { me.on_located(now); });
}

void event_session::on_located(const event_batch& now) {
  cursor_ = query_.from.value_or(now.last);
  if (cursor_ > now.last) { // numbers of an earlier run
    cursor_ = now.first;
    backlog_.push_back({0, gap(1, 0, true)});
  }
  located_ = true;
  feed_.add(*this, now.last);
  pump();
}

// -- write ------------------------------------------------------------------------------

/// Writes the next event, if there is one and nothing is under way.
void event_session::pump() {
  if (sending_ || fetching_ || closing_)
    return;
  if (!backlog_.empty()) {
    auto next = std::move(backlog_.front());
    backlog_.pop_front();
    return write(std::move(next));
  }
  const auto& feed = feed_;
  while (cursor_ >= feed.first() && cursor_ < feed.next()) {
    const auto seq = cursor_++;
    const auto& x = feed.at(seq);
    if ((query_.filter.types & bit_of(x.type)) != 0)
      return write({seq, x.text});
  }
  if (cursor_ < feed.first())
    fetch();
  else if (ending_)
    close();
}

void event_session::fetch() {
  fetching_ = true;
  ask_log(cursor_, status_limits::event_fetch,
          [](event_session& me, const event_batch& found) { me.on_fetched(found); });
}

void event_session::on_fetched(const event_batch& found) {
  fetching_ = false;
  if (found.first > cursor_)
    backlog_.push_back({found.first - 1, gap(cursor_, found.first - 1)});
  for (const auto& x : found.entries)
    backlog_.push_back({x.seq, render(x)});
  cursor_ = found.next;
  pump();
}

void event_session::write(entry x) {
  begin_sending();
  send(x.seq, std::move(x.text));
}

void event_session::begin_sending() {
  sending_ = true;
  write_began_ = now();
}

void event_session::on_sent(error_code error) {
  sending_ = false;
  if (error)
    return end();
  if (closing_)
    return say_goodbye();
  if (located_)
    pump();
}

// -- end --------------------------------------------------------------------------------

void event_session::close() {
  if (std::exchange(closing_, true) || sending_)
    return;
  say_goodbye();
}

void event_session::end() {
  if (std::exchange(ended_, true))
    return;
  const auto me = shared_from_this(); // alive until the end of this function
  closing_ = true;
  --places();
  feed_.remove(*this);
  close_socket();
  all_.streams.erase(id_);
}

} // namespace peerage
