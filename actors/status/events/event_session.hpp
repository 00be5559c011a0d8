// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/events/event_feed.hpp"
#include "actors/status/events/event_query.hpp"
#include "actors/status/http/http_sessions.hpp"

#include <boost/system/error_code.hpp>

#include <deque>
#include <exception>
#include <memory>

namespace peerage {

/// One reader of events, whatever form it reads them in. It has a place in the numbering
/// and takes the next event when its last write is done, so nothing is kept for a reader
/// that does not read: it gets a gap, or is ended when it takes nothing for too long.
class event_session : public http_session,
                      public event_reader,
                      public std::enable_shared_from_this<event_session> {
public:
  using error_code = boost::system::error_code;

  /// Takes a place of its address, and begins.
  void start();

  void on_tick(session_clock::time_point now) final;
  void go_away() final;
  void on_events() final;
  void on_feed_end() final;
  void end() final;

protected:
  event_session(http_sessions& all, event_feed& feed, const http_upgrade& x,
                event_query query);

  // -- what the forms differ in ---------------------------------------------------------

  /// Answers the request; calls `locate` when events may follow.
  virtual void begin() = 0;
  /// Begins to write one event, or gap; calls `on_sent` when it is out.
  /// @param seq Its number, or the last one of the gap.
  virtual void send(std::uint64_t seq, event_text text) = 0;
  /// Ends the stream in order, and calls `end`. Nothing else is being written.
  virtual void say_goodbye() = 0;
  virtual void close_socket() = 0;
  /// Looks at what it waits for; may call `end`.
  virtual void check(session_clock::time_point now) = 0;

  // -- what they share ------------------------------------------------------------------

  /// Finds the reader's place in the numbering, and begins to send.
  void locate();
  /// An operation that kept events waiting has ended: the next one may be sent.
  void on_sent(error_code error);

  /// From now until `on_sent`, no event is sent.
  void begin_sending();
  bool is_sending() const { return sending_; }

  session_clock::time_point now() { return all_.now(); }

  /// An exception ends this stream only.
  template <class Act>
  void guarded(Act act) noexcept {
    if (ended_)
      return;
    try {
      act();
    } catch (const std::exception&) {
      end();
    }
  }

  /// Wraps the handler of an operation of `me`; `operation` expires when it has ended or
  /// is lost.
  template <class Session, class Act>
  static auto handler(Session* me, std::weak_ptr<char>& operation, Act act) {
    auto token = std::make_shared<char>();
    operation = token;
    return [keep = me->shared_from_this(), me, token, act](error_code error,
                                                           std::size_t = 0) mutable {
      token = nullptr;
      me->guarded([&] { act(*me, error); });
    };
  }

  const event_query query_;
  std::weak_ptr<char> writing_; ///< Expires when the write is done or lost.

private:
  struct entry {
    std::uint64_t seq; ///< The last one of a gap.
    event_text text;
  };

  std::size_t& places();
  template <class Done>
  void ask_log(std::uint64_t from, std::uint64_t limit, Done done);
  void on_located(const event_batch& now);
  void pump();
  void fetch();
  void on_fetched(const event_batch& found);
  void write(entry x);
  void close();

  http_sessions& all_;
  event_feed& feed_;
  std::shared_ptr<http_address> at_;
  const http_sessions::id id_;
  const bool has_cookie_;
  std::uint64_t cursor_ = 0;  ///< The number of the next event.
  std::deque<entry> backlog_; ///< To be written before the next event.
  session_clock::time_point write_began_;
  bool located_ = false; ///< The cursor is right.
  bool sending_ = false;
  bool fetching_ = false;
  bool ending_ = false; ///< There will be no more events.
  bool closing_ = false;
  bool ended_ = false;
};

} // namespace peerage
