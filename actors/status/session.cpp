#include "actors/status/session.hpp"

#include "actors/status/event_session.hpp"
#include "actors/status/host_check.hpp"
#include "actors/status/limits.hpp"

#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/rate_policy.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

#include <array>
#include <sstream>

namespace peerage {

namespace beast = boost::beast;
using boost::system::error_code;

namespace {

/// Reads a request, has it routed, writes the reply, and again. One request at a time:
/// the next one is not read before the reply to the last one is written.
class session : public http_session, public std::enable_shared_from_this<session> {
public:
  session(http_sessions& all, status_socket socket, std::optional<endpoint> bound)
      : all_(all), stream_(std::move(socket)), bound_(bound) {}

  /// Serves requests, or answers the first one (sent or not) with a 503 and closes.
  void start(bool refuse) {
    if (!refuse)
      return read();
    reply_ = http_error(http::status::service_unavailable,
                        "too many status connections are open");
    reply_.close = true;
    write();
  }

private:
  std::shared_ptr<session> self() { return shared_from_this(); }

  // -- read
  // -------------------------------------------------------------------------------

  void read() {
    parser_.emplace();
    parser_->header_limit(status_limits::header_bytes);
    parser_->body_limit(status_limits::body_bytes);
    stream_.expires_after(status_limits::request_deadline);
    http::async_read(
      stream_, buffer_, *parser_,
      [me = self()](error_code error, std::size_t) { me->on_read(error); });
  }

  void on_read(error_code error) {
    if (error)
      return on_unreadable(error);
    const auto& request = parser_->get();
    head_only_ = request.method() == http::verb::head;
    keep_alive_ = request.keep_alive();
    version_ = request.version();
    // The slot holds the session weakly: `all_.open` keeps it until it ends, and a slot
    // in some actor's hands must not be what destroys a socket.
    auto slot = std::make_shared<reply_slot>(
      all_.door, [weak = std::weak_ptr<session>(self())](http_reply reply) {
        if (auto me = weak.lock())
          me->on_reply(std::move(reply));
      });
    stream_.expires_never();
    if (auto refusal = check_host(request))
      slot->answer([refusal] { return *refusal; });
    else if (wants_events(request))
      become_events(slot);
    else
      all_.routes.route(request, slot);
  }

  void become_events(const reply_slot_ptr& slot) {
    event_query query;
    auto refusal = read_event_query(parser_->get(), query);
    if (!refusal && buffer_.size() > 0)
      refusal = http_error(http::status::bad_request,
                           "nothing may be sent before the stream is accepted");
    if (!refusal && all_.streams.size() >= status_limits::event_streams)
      refusal =
        http_error(http::status::service_unavailable, "too many event streams are open");
    if (refusal)
      return slot->answer([refusal] { return *refusal; });
    auto me = self();
    all_.open.erase(me);
    open_event_session(all_, stream_.release_socket(), parser_->release(), query);
  }

  void on_unreadable(error_code error) {
    if (error == http::error::header_limit || error == http::error::buffer_overflow)
      return reject(http::status::request_header_fields_too_large,
                    "the header is longer than 8 KiB");
    if (error == http::error::body_limit)
      return reject(http::status::payload_too_large, "the body is longer than 4 MiB");
    // All that is left in Beast's category and has been read far enough to be wrong.
    if (error.category() == http::make_error_code(http::error::bad_method).category() &&
        error != http::error::end_of_stream && error != http::error::partial_message)
      return reject(http::status::bad_request, "this is not HTTP: " + error.message());
    end(); // closed, reset, or out of time
  }

  void reject(http::status status, std::string_view why) {
    head_only_ = false;
    reply_ = http_error(status, why);
    reply_.close = true;
    write();
  }

  std::optional<http_reply> check_host(const http_request& request) const {
    auto count = request.count(http::field::host);
    if (count > 1 || (count == 0 && request.version() >= 11))
      return http_error(http::status::bad_request, "exactly one Host header is needed");
    if (!bound_ || count == 0)
      return std::nullopt;
    auto host = request[http::field::host];
    if (host_allowed({host.data(), host.size()}, *bound_))
      return std::nullopt;
    return http_error(http::status::forbidden,
                      "the Host header must name localhost or the address listened on");
  }

  // -- write
  // ------------------------------------------------------------------------------

  void on_reply(http_reply reply) {
    reply_ = std::move(reply);
    reply_.close = reply_.close || !keep_alive_;
    write();
  }

  void write() {
    http::response<http::empty_body> head{reply_.status, version_};
    head.set(http::field::server, "peerage/" PEERAGE_VERSION);
    // Clients take an empty body that is called JSON for broken JSON.
    if (!reply_.body.view().empty())
      head.set(http::field::content_type, reply_.content_type);
    head.set(http::field::cache_control, "no-store");
    head.set("X-Content-Type-Options", "nosniff");
    if (!reply_.allow.empty())
      head.set(http::field::allow, reply_.allow);
    if (!reply_.authenticate.empty())
      head.set(http::field::www_authenticate, reply_.authenticate);
    if (!reply_.content_security_policy.empty())
      head.set("Content-Security-Policy", reply_.content_security_policy);
    if (reply_.status == http::status::upgrade_required)
      head.set(http::field::upgrade, "websocket");
    head.keep_alive(!reply_.close);
    const auto body = reply_.body.view();
    head.content_length(body.size()); // for HEAD, too
    std::ostringstream text;
    text << head.base();
    head_ = std::move(text).str();
    stream_.expires_after(status_limits::reply_deadline);
    // Asio writes 64 KiB at a time: between those of a long body others have their turns.
    boost::asio::async_write(
      stream_,
      std::array{boost::asio::buffer(std::as_const(head_)),
                 boost::asio::buffer(head_only_ ? std::string_view{} : body)},
      [me = self()](error_code error, std::size_t) { me->on_written(error); });
  }

  void on_written(error_code error) {
    reply_.body = {};
    if (error)
      return end();
    if (!reply_.close)
      return read();
    stream_.socket().shutdown(status_socket::shutdown_send, error);
    stream_.expires_after(status_limits::linger_deadline);
    linger();
  }

  // -- end
  // --------------------------------------------------------------------------------

  void linger() {
    stream_.async_read_some(boost::asio::buffer(scratch_),
                            [me = self()](error_code error, std::size_t size) {
                              me->discarded_ += size;
                              if (error || me->discarded_ > status_limits::linger_bytes)
                                me->end();
                              else
                                me->linger();
                            });
  }

  void end() {
    stream_.close();
    all_.open.erase(self());
  }

  http_sessions& all_;
  beast::basic_stream<boost::asio::generic::stream_protocol> stream_;
  std::optional<endpoint> bound_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http_reply reply_;
  std::string head_; ///< Of the reply: the status line and the fields.
  bool head_only_ = false;
  bool keep_alive_ = false;
  unsigned version_ = 11;
  std::array<char, 4096> scratch_;
  std::size_t discarded_ = 0;
};

} // namespace

void open_session(http_sessions& all, status_socket socket,
                  const std::optional<endpoint>& bound) {
  auto count = all.open.size();
  if (count >= status_limits::connections + status_limits::refusals)
    return; // closes it
  auto fresh = std::make_shared<session>(all, std::move(socket), bound);
  all.open.insert(fresh);
  fresh->start(count >= status_limits::connections);
}

} // namespace peerage
