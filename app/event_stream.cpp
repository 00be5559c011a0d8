// SPDX-License-Identifier: MIT
#include "app/event_stream.hpp"

#include "app/human_text.hpp"
#include "app/node_client.hpp"
#include "app/node_http.hpp"
#include "app/signal_source.hpp"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <signal.h>

#include <exception>

namespace peerage {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using boost::system::error_code;

namespace {

/// The longest event is some hundred bytes.
constexpr std::size_t max_event_bytes = 64 << 10;

/// One reading, from the connection to its end.
class event_reading {
public:
  event_reading(const status_address& at, std::uint64_t from,
                std::chrono::milliseconds patience, const event_taker& take)
      : at_(at), from_(from), patience_(patience), take_(take), stream_(context_),
        signals_(context_, {SIGINT, SIGTERM, SIGHUP},
                 [this](int) { finish(stream_end::signalled); }) {}

  stream_end run() {
    stream_.next_layer().expires_after(answer_limit);
    stream_.next_layer().async_connect(socket_endpoint(at_), [this](error_code error) {
      if (error)
        return fail("cannot reach ", error);
      shake_hands();
    });
    context_.run();
    if (failure_)
      std::rethrow_exception(failure_);
    return end_;
  }

private:
  void shake_hands() {
    stream_.read_message_max(max_event_bytes);
    stream_.async_handshake(answer_, "localhost", "/events?from=" + std::to_string(from_),
                            [this](error_code error) {
                              if (error == websocket::error::upgrade_declined)
                                return fail_refused();
                              if (error)
                                return fail("no answer from ", error);
                              read();
                            });
  }

  void read() {
    if (patience_.count() > 0)
      stream_.next_layer().expires_after(patience_);
    else
      stream_.next_layer().expires_never();
    stream_.async_read(buffer_, [this](error_code error, std::size_t) {
      if (error == websocket::error::closed)
        return finish(stream_end::node_gone);
      if (error)
        return fail("lost the events of ", error);
      const auto text = beast::buffers_to_string(buffer_.data());
      buffer_.consume(buffer_.size());
      if (take_(text, signals_.descriptor()))
        read();
      else
        finish(stream_end::enough);
    });
  }

  void finish(stream_end how) {
    end_ = how;
    context_.stop();
  }

  void fail(const char* what, error_code error) {
    const auto why =
      error == beast::error::timeout ? "it took too long" : error.message();
    failure_ =
      std::make_exception_ptr(unreachable(at_, what + to_string(at_) + ": " + why));
    context_.stop();
  }

  void fail_refused() {
    failure_ = std::make_exception_ptr(early_exit{
      node_exit::answered_with_error, "peerage: " + to_string(at_) + " answers " +
                                        std::to_string(answer_.result_int()) + ": " +
                                        printable(answer_.body(), max_refusal_length)});
    context_.stop();
  }

  const status_address& at_;
  const std::uint64_t from_;
  const std::chrono::milliseconds patience_;
  const event_taker& take_;
  asio::io_context context_;
  websocket::stream<beast::basic_stream<asio::generic::stream_protocol>, false> stream_;
  signal_source signals_;
  websocket::response_type answer_;
  beast::flat_buffer buffer_;
  stream_end end_ = stream_end::node_gone;
  std::exception_ptr failure_;
};

} // namespace

stream_end read_events(const status_address& at, std::uint64_t from,
                       std::chrono::milliseconds patience, const event_taker& take) {
  return event_reading(at, from, patience, take).run();
}

} // namespace peerage
