// SPDX-License-Identifier: MIT
#include "app/status_client.hpp"

#include "app/human_text.hpp"
#include "messages/version.hpp"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace peerage {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using beast::error_code;

namespace {

/// 10,000 peers are 10 MB.
constexpr std::uint64_t max_body_bytes = 64 << 20;

/// Characters shown of a server's refusal.
constexpr std::size_t max_refusal_length = 200;

using any_stream = asio::generic::stream_protocol;

any_stream::endpoint socket_endpoint(const status_address& at) {
  if (!at.tcp)
    return asio::local::stream_protocol::endpoint(at.unix_path);
  return asio::ip::tcp::endpoint(asio::ip::make_address(ip_to_string(*at.tcp)),
                                 at.tcp->port);
}

/// One conversation; keeps itself alive until `done_` has been called.
class conversation : public std::enable_shared_from_this<conversation> {
public:
  conversation(asio::io_context& context, const status_address& at,
               std::chrono::milliseconds limit, std::function<void(status_answer)> done)
      : stream_(context), at_(at), limit_(limit), done_(std::move(done)) {}

  void start() {
    stream_.expires_after(limit_); // one deadline for everything that follows
    stream_.async_connect(
      socket_endpoint(at_), [self = shared_from_this()](error_code error) {
        if (error)
          return self->fail("cannot reach " + to_string(self->at_), error);
        self->get("/status", &status_answer::status, [self] {
          self->get("/peers", &status_answer::peers,
                    [self] { self->done_(std::move(self->answer_)); });
        });
      });
  }

private:
  /// Puts the document into `to`, then goes on with `next`.
  void get(const std::string& target, std::string status_answer::*to,
           std::function<void()> next) {
    question_ = "GET " + target +
                " HTTP/1.1\r\nHost: localhost\r\n"
                "User-Agent: peerage/" +
                std::string(program_version()) + "\r\n\r\n";
    parser_.emplace();
    parser_->body_limit(max_body_bytes);
    asio::async_write(stream_, asio::buffer(question_),
                      [self = shared_from_this(), to,
                       next = std::move(next)](error_code error, std::size_t) {
                        if (error)
                          return self->fail("no answer from " + to_string(self->at_),
                                            error);
                        self->read(to, next);
                      });
  }

  void read(std::string status_answer::*to, const std::function<void()>& next) {
    http::async_read(
      stream_, buffer_, *parser_,
      [self = shared_from_this(), to, next](error_code error, std::size_t) {
        if (error)
          return self->fail("no answer from " + to_string(self->at_), error);
        auto found = self->parser_->release();
        if (found.result() != http::status::ok)
          return self->fail(found);
        self->answer_.*to = std::move(found.body());
        next();
      });
  }

  void fail(const std::string& what, error_code error) {
    auto why = error.message();
    if (error == beast::error::timeout)
      why = "it took longer than " +
            duration_text(std::chrono::duration<double>(limit_).count());
    else if (error == http::error::end_of_stream || error == http::error::partial_message)
      why = "it closed the connection";
    else if (error.category() ==
             http::make_error_code(http::error::bad_version).category())
      why = "it does not speak HTTP (" + why + ")";
    done_({what + ": " + why, {}, {}});
  }

  void fail(const http::response<http::string_body>& refusal) {
    done_({to_string(at_) + " answers " + std::to_string(refusal.result_int()) + ": " +
             printable(refusal.body(), max_refusal_length),
           {},
           {}});
  }

  beast::basic_stream<any_stream> stream_;
  status_address at_;
  std::chrono::milliseconds limit_;
  std::function<void(status_answer)> done_;
  std::string question_;
  beast::flat_buffer buffer_;
  std::optional<http::response_parser<http::string_body>> parser_;
  status_answer answer_;
};

} // namespace

void ask_status(asio::io_context& context, const status_address& at,
                std::chrono::milliseconds limit,
                std::function<void(status_answer)> done) {
  std::make_shared<conversation>(context, at, limit, std::move(done))->start();
}

std::string to_string(const status_address& x) {
  return x.tcp ? to_string(*x.tcp) : "unix:" + x.unix_path;
}

} // namespace peerage
