// SPDX-License-Identifier: MIT
#include "actors/status/events/event_session.hpp"

#include "actors/status/http/status_limits.hpp"
#include "messages/version.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>

namespace peerage {

namespace beast = boost::beast;
namespace websocket = beast::websocket;
using boost::system::error_code;

namespace {

event_text gap(std::uint64_t from, std::uint64_t to, bool reset = false) {
  nlohmann::json result{{"type", "gap"}, {"from", from}, {"to", to}};
  if (reset)
    result["reset"] = true;
  return std::make_shared<const std::string>(result.dump());
}

/// One reader. It has a place in the numbering and takes the next event when its last
/// write is done, so nothing is kept for a reader that does not read.
class event_session final : public http_session,
                            public event_reader,
                            public std::enable_shared_from_this<event_session> {
  // Stands before its uses: its type is deduced.
  std::shared_ptr<event_session> self() { return shared_from_this(); }

  /// The count of streams that includes this one.
  std::size_t& places() { return has_cookie_ ? at_->streams_with_cookie : at_->streams; }

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

  /// Wraps the handler of an operation; `operation` expires when it has ended or is lost.
  template <class Act>
  auto handler(std::weak_ptr<char>& operation, Act act) {
    auto token = std::make_shared<char>();
    operation = token;
    return [me = self(), token, act](error_code error, std::size_t size = 0) mutable {
      token = nullptr;
      me->guarded([&] { act(*me, error, size); });
    };
  }

public:
  event_session(http_sessions& all, event_feed& feed, http_upgrade x, event_query query)
      : all_(all), feed_(feed), at_(std::move(x.at)), id_(x.id),
        has_cookie_(x.has_cookie), socket_(std::move(x.socket)),
        request_(std::move(x.asked)), query_(std::move(query)), heard_at_(all.now()) {}

  void start() {
    ++places();
    guarded([this] {
      error_code ignored;
      socket_.next_layer().set_option(boost::asio::socket_base::send_buffer_size(
                                        status_limits::event_send_buffer_bytes),
                                      ignored);
      // Deadlines are ours: see `on_tick`.
      websocket::stream_base::timeout limits;
      limits.handshake_timeout = websocket::stream_base::none();
      limits.idle_timeout = websocket::stream_base::none();
      limits.keep_alive_pings = false;
      socket_.set_option(limits);
      socket_.set_option(
        websocket::stream_base::decorator([](websocket::response_type& x) {
          x.set(http::field::server, "peerage/" + std::string(program_version()));
        }));
      socket_.read_message_max(status_limits::event_inbound_bytes);
      socket_.text(true);
      socket_.control_callback([this](websocket::frame_type, beast::string_view) {
        heard_at_ = all_.now();
        pinged_ = false;
      });
      socket_.async_accept(request_,
                           handler(reading_, [](event_session& me, error_code error,
                                                std::size_t) { me.on_accepted(error); }));
    });
  }

  void on_tick(session_clock::time_point now) override {
    guarded([&] {
      const auto silent = now - heard_at_;
      if (reading_.expired() || (output_ && writing_.expired()) ||
          silent > status_limits::event_idle_deadline ||
          (output_ && now - write_began_ > status_limits::reply_deadline))
        return end();
      if (accepted_ && !pinged_ && silent > status_limits::event_idle_deadline / 2) {
        pinged_ = true;
        socket_.async_ping({}, [me = self()](error_code) {});
      }
    });
  }

  void go_away() override {
    if (located_)
      close();
  }
  void on_events() override {
    guarded([this] { pump(); });
  }
  void on_feed_end() override {
    ending_ = true;
    guarded([this] { pump(); });
  }

private:
  /// Asks the log for events that the feed no longer has.
  template <class Done>
  void ask_log(std::uint64_t from, std::uint64_t limit, Done done) {
    get_events what;
    what.from = from;
    what.limit = limit;
    what.filter = query_.filter;
    feed_.ask_log(std::move(what), [weak = std::weak_ptr<event_session>(self()),
                                    done](caf::expected<event_batch>& found) {
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

  // -- begin ----------------------------------------------------------------------------

  void on_accepted(error_code error) {
    if (error)
      return end();
    accepted_ = true;
    request_ = {};
    read();
    ask_log(0, 1, [](event_session& me, const event_batch& now) { me.on_located(now); });
  }

  void on_located(const event_batch& now) {
    cursor_ = query_.from.value_or(now.last);
    if (cursor_ > now.last) { // numbers of an earlier run
      cursor_ = now.first;
      backlog_.push_back(gap(1, 0, true));
    }
    located_ = true;
    feed_.add(*this, now.last);
    pump();
  }

  // -- read: nothing is expected, but pings and the end must be seen --------------------

  void read() {
    socket_.async_read(
      input_, handler(reading_, [](event_session& me, error_code error, std::size_t) {
        if (error)
          return me.end();
        me.heard_at_ = me.all_.now();
        me.pinged_ = false;
        me.input_.consume(me.input_.size());
        me.read();
      }));
  }

  // -- write ----------------------------------------------------------------------------

  /// Writes the next event, if there is one and nothing is under way.
  void pump() {
    if (output_ || fetching_ || closing_)
      return;
    if (!backlog_.empty()) {
      auto text = std::move(backlog_.front());
      backlog_.pop_front();
      return write(std::move(text));
    }
    const auto& feed = feed_;
    while (cursor_ >= feed.first() && cursor_ < feed.next()) {
      const auto& x = feed.at(cursor_++);
      if ((query_.filter.types & bit_of(x.type)) != 0)
        return write(x.text);
    }
    if (cursor_ < feed.first())
      fetch();
    else if (ending_)
      close();
  }

  void fetch() {
    fetching_ = true;
    ask_log(cursor_, status_limits::event_fetch,
            [](event_session& me, const event_batch& found) { me.on_fetched(found); });
  }

  void on_fetched(const event_batch& found) {
    fetching_ = false;
    if (found.first > cursor_)
      backlog_.push_back(gap(cursor_, found.first - 1));
    for (const auto& x : found.entries)
      backlog_.push_back(render(x));
    cursor_ = found.next;
    pump();
  }

  void write(event_text text) {
    output_ = std::move(text);
    write_began_ = all_.now();
    socket_.async_write(
      boost::asio::buffer(*output_),
      handler(writing_, [](event_session& me, error_code error, std::size_t) {
        me.output_ = nullptr;
        if (error)
          me.end();
        else
          me.pump();
      }));
  }

  // -- end ------------------------------------------------------------------------------

  void close() {
    if (std::exchange(closing_, true))
      return;
    socket_.async_close({websocket::close_code::going_away, "the node stops"},
                        [me = self()](error_code) { me->end(); });
  }

public:
  void end() override {
    if (std::exchange(ended_, true))
      return;
    const auto me = self(); // alive until the end of this function
    closing_ = true;
    --places();
    feed_.remove(*this);
    error_code ignored;
    socket_.next_layer().close(ignored);
    all_.streams.erase(id_);
  }

private:
  http_sessions& all_;
  event_feed& feed_;
  std::shared_ptr<http_address> at_;
  const http_sessions::id id_;
  const bool has_cookie_;
  websocket::stream<status_socket, false> socket_;
  http_request request_;
  event_query query_;
  beast::flat_buffer input_;
  std::uint64_t cursor_ = 0;           ///< The number of the next event.
  std::deque<event_text> backlog_;     ///< To be written before the next event.
  event_text output_;                  ///< Being written.
  session_clock::time_point heard_at_; ///< Of the last frame read, such as a pong.
  session_clock::time_point write_began_;
  std::weak_ptr<char> reading_; ///< Expires when the read is done or lost.
  std::weak_ptr<char> writing_; ///< The same of the write.
  bool accepted_ = false;
  bool pinged_ = false;  ///< Since the reader was last heard.
  bool located_ = false; ///< The cursor is right.
  bool fetching_ = false;
  bool ending_ = false;
  bool closing_ = false;
  bool ended_ = false;
};

} // namespace

bool event_upgrades::is_wanted(const http_request& what) const {
  return wants_events(what);
}

std::optional<http_reply> event_upgrades::refuse(const http_request& what,
                                                 const http_address& at,
                                                 bool has_cookie) const {
  event_query query;
  if (auto refusal = read_event_query(what, query))
    return refusal;
  if ((has_cookie ? at.streams_with_cookie : at.streams) >= status_limits::event_streams)
    return http_error(http::status::service_unavailable,
                      "too many event streams are open");
  return std::nullopt;
}

void event_upgrades::open(http_upgrade x) {
  event_query query;
  read_event_query(x.asked, query);
  const auto id = x.id;
  auto fresh =
    std::make_shared<event_session>(sessions_, feed_, std::move(x), std::move(query));
  sessions_.streams.emplace(id, fresh);
  fresh->start();
}

} // namespace peerage
