// SPDX-License-Identifier: MIT
#include "actors/status/events/websocket_events.hpp"

#include "actors/status/http/status_limits.hpp"
#include "messages/version.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>

namespace peerage {

namespace beast = boost::beast;
namespace websocket = beast::websocket;

namespace {

class websocket_events final : public event_session {
public:
  websocket_events(http_sessions& all, event_feed& feed, http_upgrade x,
                   event_query query)
      : event_session(all, feed, x, std::move(query)), socket_(std::move(x.socket)),
        request_(std::move(x.asked)), heard_at_(now()) {}

private:
  void begin() override {
    error_code ignored;
    socket_.next_layer().set_option(
      boost::asio::socket_base::send_buffer_size(status_limits::event_send_buffer_bytes),
      ignored);
    // Deadlines are ours: see `check`.
    websocket::stream_base::timeout limits;
    limits.handshake_timeout = websocket::stream_base::none();
    limits.idle_timeout = websocket::stream_base::none();
    limits.keep_alive_pings = false;
    socket_.set_option(limits);
    socket_.set_option(websocket::stream_base::decorator([](websocket::response_type& x) {
      x.set(http::field::server, "peerage/" + std::string(program_version()));
    }));
    socket_.read_message_max(status_limits::event_inbound_bytes);
    socket_.text(true);
    socket_.control_callback([this](websocket::frame_type, beast::string_view) {
      heard_at_ = now();
      pinged_ = false;
    });
    socket_.async_accept(
      request_, handler(this, reading_, [](websocket_events& me, error_code error) {
        me.on_accepted(error);
      }));
  }

  void on_accepted(error_code error) {
    if (error)
      return end();
    accepted_ = true;
    request_ = {};
    read();
    locate();
  }

  /// Nothing is expected, but pings and the end must be seen.
  void read() {
    socket_.async_read(
      input_, handler(this, reading_, [](websocket_events& me, error_code error) {
        if (error)
          return me.end();
        me.heard_at_ = me.now();
        me.pinged_ = false;
        me.input_.consume(me.input_.size());
        me.read();
      }));
  }

  void check(session_clock::time_point moment) override {
    const auto silent = moment - heard_at_;
    if (reading_.expired() || silent > status_limits::event_idle_deadline)
      return end();
    if (accepted_ && !pinged_ && silent > status_limits::event_idle_deadline / 2) {
      pinged_ = true;
      socket_.async_ping({}, [me = shared_from_this()](error_code) {});
    }
  }

  void send(std::uint64_t, event_text text) override {
    output_ = std::move(text);
    socket_.async_write(
      boost::asio::buffer(*output_),
      handler(this, writing_, [](websocket_events& me, error_code error) {
        me.output_ = nullptr;
        me.on_sent(error);
      }));
  }

  void say_goodbye() override {
    socket_.async_close({websocket::close_code::going_away, "the node stops"},
                        [me = shared_from_this()](error_code) { me->end(); });
  }

  void close_socket() override {
    error_code ignored;
    socket_.next_layer().close(ignored);
  }

  websocket::stream<status_socket, false> socket_;
  http_request request_;
  beast::flat_buffer input_;
  event_text output_;                  ///< Being written.
  session_clock::time_point heard_at_; ///< Of the last frame read, such as a pong.
  std::weak_ptr<char> reading_;        ///< Expires when the read is done or lost.
  bool accepted_ = false;
  bool pinged_ = false; ///< Since the reader was last heard.
};

} // namespace

std::shared_ptr<event_session> make_websocket_events(http_sessions& all, event_feed& feed,
                                                     http_upgrade x, event_query query) {
  return std::make_shared<websocket_events>(all, feed, std::move(x), std::move(query));
}

} // namespace peerage
