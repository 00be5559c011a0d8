// SPDX-License-Identifier: MIT
#include "app/node_http.hpp"

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

/// 10,000 peers are 10 MB, and the answer to a call has less than 128 MiB.
constexpr std::uint64_t max_body_bytes = 128 << 20;

using any_stream = asio::generic::stream_protocol;

/// One conversation; keeps itself alive until `done_` has been called.
class conversation : public std::enable_shared_from_this<conversation> {
public:
  conversation(asio::io_context& context, const status_address& at,
               std::vector<http_question> questions, std::chrono::milliseconds limit,
               std::function<void(http_answers)> done)
      : stream_(context), at_(at), questions_(std::move(questions)), limit_(limit),
        done_(std::move(done)) {}

  void start() {
    stream_.expires_after(limit_); // one deadline for everything that follows
    stream_.async_connect(socket_endpoint(at_),
                          [self = shared_from_this()](error_code error) {
                            if (error)
                              return self->fail("cannot reach ", error);
                            self->ask_next();
                          });
  }

private:
  void ask_next() {
    auto& answers = result_.answers;
    if (answers.size() == questions_.size() ||
        (!answers.empty() && answers.back().status != http_ok))
      return done_(std::move(result_));
    asking_ = text_of(questions_[answers.size()]);
    asio::async_write(stream_, asio::buffer(asking_),
                      [self = shared_from_this()](error_code error, std::size_t) {
                        if (error)
                          return self->fail("no answer from ", error);
                        self->read();
                      });
  }

  void read() {
    parser_.emplace();
    parser_->body_limit(max_body_bytes);
    http::async_read(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](error_code error, std::size_t) {
        if (error)
          return self->fail("no answer from ", error);
        auto found = self->parser_->release();
        self->result_.answers.push_back({found.result_int(), std::move(found.body())});
        self->ask_next();
      });
  }

  static std::string text_of(const http_question& x) {
    std::string result = x.body ? "POST " : "GET ";
    result += x.target;
    result += " HTTP/1.1\r\nHost: localhost\r\nUser-Agent: peerage/";
    result += program_version();
    result += "\r\n";
    if (!x.authorization.empty())
      result += "Authorization: " + x.authorization + "\r\n";
    if (x.body)
      result += "Content-Type: application/json\r\nContent-Length: " +
                std::to_string(x.body->size()) + "\r\n";
    return result + "\r\n" + x.body.value_or("");
  }

  void fail(const char* what, error_code error) {
    auto why = error.message();
    if (error == beast::error::timeout)
      why = "it took longer than " +
            duration_text(std::chrono::duration<double>(limit_).count());
    else if (error == http::error::end_of_stream || error == http::error::partial_message)
      why = "it closed the connection";
    else if (error.category() ==
             http::make_error_code(http::error::bad_version).category())
      why = "it does not speak HTTP (" + why + ")";
    done_({what + to_string(at_) + ": " + why, {}});
  }

  beast::basic_stream<any_stream> stream_;
  status_address at_;
  std::vector<http_question> questions_;
  std::chrono::milliseconds limit_;
  std::function<void(http_answers)> done_;
  std::string asking_;
  beast::flat_buffer buffer_;
  std::optional<http::response_parser<http::string_body>> parser_;
  http_answers result_;
};

} // namespace

void ask_node(asio::io_context& context, const status_address& at,
              std::vector<http_question> questions, std::chrono::milliseconds limit,
              std::function<void(http_answers)> done) {
  std::make_shared<conversation>(context, at, std::move(questions), limit,
                                 std::move(done))
    ->start();
}

http_answers ask_node(const status_address& at, std::vector<http_question> questions,
                      std::chrono::milliseconds limit) {
  asio::io_context context;
  http_answers result;
  ask_node(context, at, std::move(questions), limit,
           [&](http_answers x) { result = std::move(x); });
  context.run();
  return result;
}

any_stream::endpoint socket_endpoint(const status_address& at) {
  if (!at.tcp)
    return asio::local::stream_protocol::endpoint(at.unix_path);
  return asio::ip::tcp::endpoint(asio::ip::make_address(ip_to_string(*at.tcp)),
                                 at.tcp->port);
}

std::string to_string(const status_address& x) {
  return x.tcp ? to_string(*x.tcp) : "unix:" + x.unix_path;
}

} // namespace peerage
