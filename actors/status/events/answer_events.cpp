// SPDX-License-Identifier: MIT
#include "actors/status/events/answer_events.hpp"

#include "actors/status/http/client_presence.hpp"
#include "actors/status/http/http_framing.hpp"
#include "actors/status/http/status_limits.hpp"

#include <boost/asio/write.hpp>

namespace peerage {

namespace {

class answer_events final : public event_session {
public:
  answer_events(http_sessions& all, event_feed& feed, http_upgrade x, event_query query)
      : event_session(all, feed, x, std::move(query)), socket_(std::move(x.socket)),
        version_(x.asked.version()) {}

private:
  bool is_chunked() const { return version_ >= 11; }
  bool has_ids() const { return query_.form == event_form::server_sent; }

  void begin() override {
    error_code ignored;
    socket_.set_option(
      boost::asio::socket_base::send_buffer_size(status_limits::event_send_buffer_bytes),
      ignored);
    http_reply head;
    head.content_type = has_ids() ? "text/event-stream" : "application/x-ndjson";
    head.close = true;
    begin_sending();
    write(response_head(head, version_,
                        is_chunked() ? body_end::last_chunk : body_end::close),
          [](answer_events& me, error_code error) {
            me.on_sent(error);
            if (!error)
              me.locate();
          });
  }

  void send(std::uint64_t seq, event_text text) override {
    put(has_ids() ? "id: " + std::to_string(seq) + "\ndata: " + *text + "\n\n"
                  : *text + "\n");
  }

  /// Writes a part of the body.
  void put(std::string part) {
    write(is_chunked() ? as_chunk(std::move(part)) : std::move(part),
          [](answer_events& me, error_code error) { me.on_sent(error); });
  }

  template <class Done>
  void write(std::string bytes, Done done) {
    output_ = std::move(bytes);
    wrote_at_ = now();
    boost::asio::async_write(socket_, boost::asio::buffer(output_),
                             handler(this, writing_, done));
  }

  void check(session_clock::time_point moment) override {
    if (look_for_client(socket_.native_handle()) == client_presence::gone)
      return end();
    if (!has_ids() || is_sending() ||
        moment - wrote_at_ < status_limits::event_comment_pace)
      return;
    // Proxies, and the browsers' own deadlines, take silence for the end.
    begin_sending();
    put(":\n\n");
  }

  void say_goodbye() override {
    if (!is_chunked())
      return end();
    write(std::string(last_chunk), [](answer_events& me, error_code) { me.end(); });
  }

  void close_socket() override {
    error_code ignored;
    socket_.close(ignored);
  }

  status_socket socket_;
  const unsigned version_;
  std::string output_; ///< Being written.
  session_clock::time_point wrote_at_;
};

} // namespace

std::shared_ptr<event_session> make_answer_events(http_sessions& all, event_feed& feed,
                                                  http_upgrade x, event_query query) {
  return std::make_shared<answer_events>(all, feed, std::move(x), std::move(query));
}

} // namespace peerage
